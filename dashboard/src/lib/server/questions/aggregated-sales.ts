import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { AggregatedSales } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import { dateOf, type ShopCalendar } from '../period.ts';
import { BUCKET, bucketsOf } from './buckets.ts';
import { asOf, averageBasket } from './figures.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

/** A product that stands twice in a basket is still one purchase of it: only its first place counts the basket. */
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
      SELECT ${BUCKET} AS start, branch_id, sold_at, total_minor, customer_number, product_id, quantity, unit_price_minor, place
      FROM gold.purchases
      ARRAY JOIN product_ids AS product_id, quantities AS quantity, unit_prices_minor AS unit_price_minor, arrayEnumerateUniq(product_ids) AS place
      WHERE ${IN_SCOPE}
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
  scope: Scope,
  calendar: ShopCalendar,
  signal?: AbortSignal,
): Promise<AggregatedSales> => {
  const starts = [...calendar.starts('month', scope)];
  const params = { ...scopeParams(scope), ...bucketsOf(starts).params };
  const rows = await clickhouse.rows({ name: 'aggregated_sales', sql: SQL, params, row, signal });
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    rows: rows.map(({ start, baskets_minor, newest: _, ...sold }) => ({
      ...sold,
      month: dateOf(calendar.dayOf(start * 1000)).slice(0, 7),
      average_basket_minor: averageBasket(baskets_minor, sold.purchases),
    })),
  };
};
