import type { AggregatedSales } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { dateOf } from '../shop-calendar.ts';
import { asOf, averageBasket } from './figures.ts';

const sql = (rows: string) => `
  SELECT toUInt16(sold.month) AS first_day, sold.product_id AS product_id, if(catalog.product = '', sold.product_id, catalog.product) AS product,
    sold.country AS country, purchases, units, revenue_minor, baskets_minor, unique_customers, toUnixTimestamp64Milli(newest) AS newest_ms
  FROM (${rows}) AS sold
  LEFT JOIN gold.products AS catalog ON catalog.product_id = sold.product_id
  ORDER BY first_day, country, units DESC, product`;

const row = z.object({
  first_day: z.int(),
  product_id: z.string(),
  product: z.string(),
  country: z.string(),
  purchases: z.int(),
  units: z.int(),
  revenue_minor: z.int(),
  baskets_minor: z.int(),
  unique_customers: z.int(),
  newest_ms: z.int(),
});

/**
 * Sales by product, country and month of the shop's business days. `average_basket_minor` is the mean total of the
 * purchases that the product was in. Both ends of the scope must be given; neither purchases nor customers add up
 * over products.
 */
export const readAggregatedSales = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<AggregatedSales> => {
  const rows = await gold.answerProducts({ name: 'aggregated_sales', scope, sql, row, signal });
  return {
    as_of: asOf(rows.map(({ newest_ms }) => newest_ms)),
    rows: rows.map(({ first_day, baskets_minor, newest_ms: _, ...sold }) => ({
      ...sold,
      month: dateOf(first_day).slice(0, 7),
      average_basket_minor: averageBasket(baskets_minor, sold.purchases),
    })),
  };
};
