import type { TopProducts } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { asOf } from '../figures/totals.ts';
import { type Gold, READ } from '../gold.ts';
import { Parameters } from '../parameters.ts';
import { coverOfScope, type RowsContext, rowsOf } from '../rows.ts';
import { type RankedBy, rankedProducts, ranks, topProductsSql } from './ranking.ts';

const row = z.object({ newest: z.int(), top: ranks });

const sql = (context: RowsContext, scope: Scope, by: RankedBy, limit: number): string => `
  SELECT newest, ${topProductsSql('all_sold', by, context.parameters.bind('limit', 'UInt32', limit))} AS top
  FROM (
    SELECT toUnixTimestamp64Milli(max(newest)) AS newest, sumForEachMap(sold) AS all_sold
    FROM ${rowsOf(context, scope, coverOfScope(context, scope, 'year'), { columns: ['newest', 'sold'] })}
  )
  ${READ}`;

/** The products of the first `limit` ranks (1, 2, 3, 3: equal ones share a rank, so there may be more than `limit`). */
export const readTopProducts = async (
  gold: Gold,
  scope: Scope,
  { limit, by }: { limit: number; by: RankedBy },
  signal?: AbortSignal,
): Promise<TopProducts> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, by, limit);
  const found = await gold.clickhouse.row({ name: 'top_products', sql: text, params: parameters.values, row, signal });
  return { as_of: asOf([found.newest]), products: rankedProducts(found.top, by) };
};
