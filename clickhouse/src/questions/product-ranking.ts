import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf } from './figures.ts';

/** A row for the period and one for the one before; they are put together here, since a join takes longer to plan than to run. */
const sold = (rows: string, isPeriod: boolean) => `
  SELECT ${isPeriod} AS is_period, toUnixTimestamp64Milli(max(newest)) AS newest_sale,
    sumMap(product_ids, product_units, product_revenue_minor, product_purchases) AS sold
  FROM ${rows}`;

const sql = (compared: boolean) => `
  SELECT is_period, newest_sale, sold.2 AS units, sold.3 AS revenue_minor, sold.4 AS purchases,
    arrayMap(id -> (toString(id), (SELECT mapFromArrays(groupArray(toString(product_id)), groupArray(product)) FROM gold.products)[toString(id)]), sold.1) AS products
  FROM (${sold('period', true)}${compared ? ` UNION ALL ${sold('earlier', false)}` : ''})`;

const row = z.object({
  is_period: z.boolean(),
  newest_sale: z.int(),
  products: z.array(z.tuple([z.string(), z.string()])),
  units: z.array(z.int()),
  revenue_minor: z.array(z.int()),
  purchases: z.array(z.int()),
});

interface RankedProduct {
  product_id: string;
  product: string;
  units: number;
  revenue_minor: number;
  purchases: number;
  units_before: number;
  revenue_before_minor: number;
}

/** Every product that was sold in a period or in the one it is compared with. Money in minor units. */
export interface ProductRanking {
  as_of: string | null;
  /** `purchases`: those with the product; they do not add up over products. */
  products: RankedProduct[];
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
  const ranked = new Map<string, RankedProduct>();
  for (const { is_period, products, units, revenue_minor, purchases } of rows) {
    for (const [place, [product_id, name]] of products.entries()) {
      const product = ranked.get(product_id) ?? {
        product_id,
        // One that the catalog does not know keeps its id.
        product: name || product_id,
        units: 0,
        revenue_minor: 0,
        purchases: 0,
        units_before: 0,
        revenue_before_minor: 0,
      };
      if (is_period) {
        product.units = units[place] ?? 0;
        product.revenue_minor = revenue_minor[place] ?? 0;
        product.purchases = purchases[place] ?? 0;
      } else {
        product.units_before = units[place] ?? 0;
        product.revenue_before_minor = revenue_minor[place] ?? 0;
      }
      ranked.set(product_id, product);
    }
  }
  const products = [...ranked.values()]
    .filter(({ units, units_before }) => units > 0 || units_before > 0)
    .sort((a, b) => b.units - a.units || (a.product < b.product ? -1 : a.product > b.product ? 1 : 0));
  return { as_of: asOf(rows.filter(({ is_period }) => is_period).map(({ newest_sale }) => newest_sale)), products };
};
