import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { TopProducts } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import { asOf } from './figures.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

const SQL = `
  SELECT sold.product_id AS product_id, if(catalog.product = '', sold.product_id, catalog.product) AS product,
    units_sold AS units, revenue_sold AS revenue_minor, place AS rank, newest
  FROM (
    SELECT product_id, sum(quantity) AS units_sold, sum(revenue_minor) AS revenue_sold,
      rank() OVER (ORDER BY if({by:String} = 'revenue', toInt64(revenue_sold), toInt64(units_sold)) DESC) AS place,
      max(toUnixTimestamp64Milli(max(sold_at))) OVER () AS newest
    FROM gold.purchase_items
    WHERE ${IN_SCOPE}
    GROUP BY product_id
  ) AS sold
  LEFT JOIN gold.products AS catalog ON catalog.product_id = sold.product_id
  WHERE place <= {limit:UInt32}
  ORDER BY rank, product`;

const row = z.object({
  product_id: z.string(),
  product: z.string(),
  units: z.int(),
  revenue_minor: z.int(),
  rank: z.int(),
  newest: z.int(),
});

/** The products of the first `limit` ranks; equal products share a rank, so there may be more of them than ranks. */
export const readTopProducts = async (
  clickhouse: ClickHouse,
  scope: Scope,
  { limit, by }: { limit: number; by: 'units' | 'revenue' },
  signal?: AbortSignal,
): Promise<TopProducts> => {
  const params = { ...scopeParams(scope), limit, by };
  const rows = await clickhouse.rows({ name: 'top_products', sql: SQL, params, row, signal });
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    products: rows.map(({ newest: _, ...product }) => product),
  };
};
