import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf } from './figures.ts';

/** Units and revenue of products by whether they belong to the period or to the one before, as parallel arrays. */
const sold = (rows: string, isPeriod: boolean) => `
  SELECT ${isPeriod} AS is_period, toUnixTimestamp64Milli(max(newest)) AS newest_sale,
    sumMap(product_ids, product_units, product_revenue_minor, product_purchases) AS sold
  FROM ${rows}`;

const sql = (compared: boolean) => `
  SELECT ranked.product_id AS product_id, if(catalog.product = '', ranked.product_id, catalog.product) AS product,
    units, revenue_minor, purchases, units_before, revenue_before_minor, newest
  FROM (
    SELECT product_id, sumIf(of_units, is_period) AS units, sumIf(of_revenue, is_period) AS revenue_minor,
      sumIf(of_purchases, is_period) AS purchases, sumIf(of_units, NOT is_period) AS units_before,
      sumIf(of_revenue, NOT is_period) AS revenue_before_minor, maxIf(newest_sale, is_period) AS newest
    FROM (${sold('period', true)}${compared ? ` UNION ALL ${sold('earlier', false)}` : ''})
    ARRAY JOIN sold.1 AS product_id, sold.2 AS of_units, sold.3 AS of_revenue, sold.4 AS of_purchases
    GROUP BY product_id
  ) AS ranked
  LEFT JOIN gold.products AS catalog ON catalog.product_id = ranked.product_id
  WHERE units > 0 OR units_before > 0`;

const row = z.object({
  product_id: z.string(),
  product: z.string(),
  units: z.int(),
  revenue_minor: z.int(),
  purchases: z.int(),
  units_before: z.int(),
  revenue_before_minor: z.int(),
  newest: z.int(),
});

/** Every product that was sold in a period or in the one it is compared with. Money in minor units. */
export interface ProductRanking {
  as_of: string | null;
  /** `purchases`: those with the product; they do not add up over products. */
  products: Omit<z.output<typeof row>, 'newest'>[];
}

/** All products of a period with their sales in another one (zeros without one), the most units first. */
export const readProductRanking = async (
  gold: Gold,
  scope: Scope,
  before: Scope | undefined,
  signal?: AbortSignal,
): Promise<ProductRanking> => {
  const rows = await gold.answer({
    name: 'product_ranking',
    scopes: before === undefined ? { period: scope } : { period: scope, earlier: before },
    coarsest: 'year',
    sql: sql(before !== undefined),
    row,
    signal,
  });
  const products = rows
    .map(({ newest: _, ...product }) => product)
    .sort((a, b) => b.units - a.units || (a.product < b.product ? -1 : a.product > b.product ? 1 : 0));
  return { as_of: asOf(rows.map(({ newest }) => newest)), products };
};
