import type { TopProducts } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf } from './figures.ts';
import { type RankedBy, rankedProducts, SOLD, topRow, topSql } from './ranking.ts';

const sql = (by: RankedBy) => `
  SELECT newest, top
  FROM (SELECT *, ${topSql(by)} FROM (SELECT toUnixTimestamp64Milli(max(newest)) AS newest, ${SOLD} FROM period))`;

const row = z.object({ ...topRow, newest: z.int() });

/** The products of the first `limit` ranks (1, 2, 3, 3: equal ones share a rank, so there may be more than `limit`). */
export const readTopProducts = async (
  gold: Gold,
  scope: Scope,
  { limit, by }: { limit: number; by: RankedBy },
  signal?: AbortSignal,
): Promise<TopProducts> => {
  const [found] = await gold.answer({
    name: 'top_products',
    scopes: { period: scope },
    coarsest: 'year',
    sql: sql(by),
    params: { limit },
    row,
    signal,
  });
  if (found === undefined) throw new Error('query top_products returned no row');
  return { as_of: asOf([found.newest]), products: rankedProducts(found.top, by) };
};
