import type { TopProducts } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf } from './figures.ts';
import { rankedProducts, SOLD, soldRow } from './ranking.ts';

const sql = (by: 'units' | 'revenue') => `
  SELECT newest, ranked.product_id AS product_id, units, product_revenue_minor, rank, catalog.product AS product
  FROM (
    SELECT newest, product_id, units, product_revenue_minor, rank() OVER (ORDER BY ${by === 'units' ? 'units' : 'product_revenue_minor'} DESC) AS rank
    FROM (SELECT toUnixTimestamp64Milli(max(newest)) AS newest, ${SOLD} FROM period)
    ARRAY JOIN sold.1 AS product_id, sold.2 AS units, sold.3 AS product_revenue_minor
  ) AS ranked
  LEFT JOIN gold.products AS catalog ON catalog.product_id = ranked.product_id
  WHERE rank <= {limit:UInt32}`;

const row = z.object({ ...soldRow, newest: z.int() });

/** The products of the first `limit` ranks (1, 2, 3, 3: equal ones share a rank, so there may be more than `limit`). */
export const readTopProducts = async (
  gold: Gold,
  scope: Scope,
  { limit, by }: { limit: number; by: 'units' | 'revenue' },
  signal?: AbortSignal,
): Promise<TopProducts> => {
  const rows = await gold.answer({
    name: 'top_products',
    scopes: { period: scope },
    coarsest: 'month',
    sql: sql(by),
    params: { limit },
    row,
    signal,
  });
  return { as_of: asOf(rows.map(({ newest }) => newest)), products: rankedProducts(rows) };
};
