import type { AggregatedSales } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { dateOf } from '../shop-calendar.ts';
import { asOf, averageBasket } from './figures.ts';

/** Products of one month and country side by side: a row for each would be four times as much to write, send and read. */
const sql = (rows: string) => `
  WITH (SELECT mapFromArrays(groupArray(toString(product_id)), groupArray(product)) FROM gold.products) AS names
  SELECT toUInt16(month) AS first_day, country, toUnixTimestamp64Milli(max(newest)) AS newest_ms,
    groupArray((toString(product_id), purchases, units, revenue_minor, baskets_minor, unique_customers)) AS sold,
    arrayMap(product -> names[product.1], sold) AS products
  FROM (${rows})
  GROUP BY month, country
  ORDER BY month, country`;

const row = z.object({
  first_day: z.int(),
  country: z.string(),
  newest_ms: z.int(),
  sold: z.array(z.tuple([z.string(), z.int(), z.int(), z.int(), z.int(), z.int()])),
  products: z.array(z.string()),
});

/**
 * Sales by product, country and month of the shop's business days. `average_basket_minor` is the mean total of the
 * purchases that the product was in. Both ends of the scope must be given; neither purchases nor customers add up
 * over products.
 */
export const readAggregatedSales = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<AggregatedSales> => {
  const months = await gold.answerProducts({ name: 'aggregated_sales', scope, sql, row, signal });
  return {
    as_of: asOf(months.map(({ newest_ms }) => newest_ms)),
    rows: months.flatMap(({ first_day, country, sold, products }) => {
      const month = dateOf(first_day).slice(0, 7);
      return sold
        .map(([product_id, purchases, units, revenue_minor, baskets_minor, unique_customers], place) => ({
          product_id,
          // One that the catalog does not know keeps its id.
          product: products[place] || product_id,
          country,
          month,
          purchases,
          units,
          revenue_minor,
          average_basket_minor: averageBasket(baskets_minor, purchases),
          unique_customers,
        }))
        .sort((a, b) => b.units - a.units || (a.product < b.product ? -1 : a.product > b.product ? 1 : 0));
    }),
  };
};
