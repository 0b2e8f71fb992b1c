import type { AggregatedSales } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { ClickHouse } from '../client.ts';
import type { Scope } from '../cover.ts';
import type { ShopCalendar } from '../shop-calendar.ts';
import { BUCKET, bucketsOf } from './buckets.ts';
import { asOf, averageBasket } from './figures.ts';

/**
 * From the facts: customers of a product are in no seal (they would make it several times as large).
 * A product that stands twice in a basket is still one purchase of it: only its first place counts the basket.
 */
const SQL = `
  SELECT sold.start AS start, sold.product_id AS product_id, if(catalog.product = '', sold.product_id, catalog.product) AS product,
    country, purchases, units_sold AS units, revenue_sold AS revenue_minor, baskets_minor, unique_customers, newest
  FROM (
    SELECT start, product_id, branch.country AS country,
      countIf(place = 1) AS purchases, sum(quantity) AS units_sold, sum(quantity * unit_price_minor) AS revenue_sold,
      sumIf(total_minor, place = 1) AS baskets_minor,
      groupBitmapIf(customer_number, customer_number != 0) AS unique_customers,
      toUnixTimestamp64Milli(max(sold_at)) AS newest
    FROM (
      SELECT toInt64(${BUCKET}) AS start, branch_id, sold_at, total_minor, customer_number, product_id, quantity, unit_price_minor, place
      FROM gold.purchases
      ARRAY JOIN product_ids AS product_id, quantities AS quantity, unit_prices_minor AS unit_price_minor, arrayEnumerateUniq(product_ids) AS place
      WHERE slot >= {first_slot:UInt32} AND slot < {after_slot:UInt32}
        AND sold_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND sold_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND ({branch:String} = '' OR branch_id = {branch:String})
    ) AS item
    LEFT JOIN gold.branches AS branch ON branch.branch_id = item.branch_id
    GROUP BY start, product_id, country
  ) AS sold
  LEFT JOIN gold.products AS catalog ON catalog.product_id = sold.product_id
  ORDER BY start, country, units DESC, product`;

const row = z.object({
  start: z.int(),
  product_id: z.string(),
  product: z.string(),
  country: z.string(),
  purchases: z.int(),
  units: z.int(),
  revenue_minor: z.int(),
  baskets_minor: z.int(),
  unique_customers: z.int(),
  newest: z.int(),
});

/**
 * Sales by product, country and month of the shop's business days. `average_basket_minor` is the mean total of the
 * purchases that the product was in. Both ends of the scope must be given; neither purchases nor customers add up
 * over products.
 */
export const readAggregatedSales = async (
  clickhouse: ClickHouse,
  calendar: ShopCalendar,
  scope: Scope,
  signal?: AbortSignal,
): Promise<AggregatedSales> => {
  const starts = [...calendar.starts('month', scope)];
  const rows = await clickhouse.rows({
    name: 'aggregated_sales',
    sql: SQL,
    params: {
      ...bucketsOf(starts).params,
      first_slot: Math.floor(scope.from / 900_000) * 900,
      after_slot: Math.ceil(scope.to / 1000),
      from: scope.from,
      to: scope.to,
      branch: scope.branch ?? '',
    },
    row,
    signal,
  });
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    rows: rows.map(({ start, baskets_minor, newest: _, ...sold }) => ({
      ...sold,
      month: new Date(calendar.dayOf(start * 1000) * 86_400_000).toISOString().slice(0, 7),
      average_basket_minor: averageBasket(baskets_minor, sold.purchases),
    })),
  };
};
