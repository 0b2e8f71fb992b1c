import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';

/** What one product's sales are told apart by: the business day, the hour of the shop's clock, the branch. */
export type ProductSalesBy = 'day' | 'hour' | 'branch';

const KEYS = {
  day: { key: 'toUInt16(day)', coarsest: 'day' },
  hour: { key: 'toHour(toTimezone(slot, {time_zone:String}))', coarsest: 'slot' },
} as const;

const sql = (by: keyof typeof KEYS) => `
  SELECT toString(${KEYS[by].key}) AS key, sum(product_units[place]) AS units, sum(product_revenue_minor[place]) AS revenue_minor,
    sum(product_purchases[place]) AS purchases
  FROM (SELECT *, indexOf(product_ids, {product:String}) AS place FROM period)
  WHERE place > 0
  GROUP BY key`;

const row = z.object({ key: z.string(), units: z.int(), revenue_minor: z.int(), purchases: z.int() });

/** Sales of one product under one key: days since 1970, hour 0–23, or branch id. */
export type ProductSales = z.output<typeof row>;

/** One product's sales in a period, only where there are any. All three figures add up over the keys. */
export const readProductSales = async (
  gold: Gold,
  scope: Scope,
  product: string,
  by: ProductSalesBy,
  signal?: AbortSignal,
): Promise<ProductSales[]> => {
  if (by !== 'branch') {
    return gold.answer({
      name: `product_sales_by_${by}`,
      scopes: { period: scope },
      coarsest: KEYS[by].coarsest,
      sql: sql(by),
      params: { product, ...(by === 'hour' ? { time_zone: gold.calendar.timeZone } : {}) },
      row,
      signal,
    });
  }
  const rows = await gold.figures({
    name: 'product_sales_by_branch',
    scopes: { period: scope },
    by,
    products: { only: product },
    customers: false,
    signal,
  });
  return rows.flatMap(({ branch_id: key, products }) =>
    products.map(([, [units, revenue_minor, purchases]]) => ({ key, units, revenue_minor, purchases })),
  );
};
