import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Kpis } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import { asOf, averageBasket } from './figures.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

/** Sums, customers and top products from one scan: one row per top product, the sums on each, and one row without any. */
const sql = (scope: Scope) => `
  SELECT purchases, items, revenue_minor, newest, unique_customers,
    (SELECT countIf(loyal_since < {to:DateTime64(3, 'UTC')})
      FROM ${scope.branch === undefined ? 'gold.customers' : 'gold.customer_branches WHERE branch_id = {branch:String}'}) AS loyal_customers,
    totals.product_id AS product_id, if(catalog.product = '', totals.product_id, catalog.product) AS product, product_units, product_revenue_minor, product_rank
  FROM (
    SELECT purchases, items, revenue_minor, newest, unique_customers, product_id, product_units, product_revenue_minor,
      rank() OVER (ORDER BY product_units DESC) AS product_rank
    FROM (
      SELECT count() AS purchases, sum(units) AS items, sum(total_minor) AS revenue_minor,
        toUnixTimestamp64Milli(max(sold_at)) AS newest,
        groupBitmapIf(customer_number, customer_number != 0) AS unique_customers,
        sumMap(product_ids, quantities, arrayMap((quantity, price) -> quantity * price, quantities, unit_prices_minor)) AS products
      FROM gold.purchases
      WHERE ${IN_SCOPE}
    )
    LEFT ARRAY JOIN products.1 AS product_id, products.2 AS product_units, products.3 AS product_revenue_minor
  ) AS totals
  LEFT JOIN gold.products AS catalog ON catalog.product_id = totals.product_id
  WHERE product_rank <= 3
  ORDER BY product_rank, product`;

const row = z.object({
  purchases: z.int(),
  items: z.int(),
  revenue_minor: z.int(),
  newest: z.int(),
  unique_customers: z.int(),
  loyal_customers: z.int(),
  product_id: z.string(),
  product: z.string(),
  product_units: z.int(),
  product_revenue_minor: z.int(),
  product_rank: z.int(),
});

/**
 * The chain's or a branch's main figures in a period, all of one moment. Money in minor units.
 * Loyal customers are those whose purchase that reached the threshold was sold before the period's end.
 */
export const readKpis = async (
  clickhouse: ClickHouse,
  scope: Scope,
  loyalThreshold: number,
  signal?: AbortSignal,
): Promise<Kpis> => {
  const rows = await clickhouse.rows({ name: 'kpis', sql: sql(scope), params: scopeParams(scope), row, signal });
  const [totals] = rows;
  if (totals === undefined) throw new Error('query kpis returned no row');
  return {
    as_of: totals.purchases === 0 ? null : asOf([totals.newest]),
    purchases: totals.purchases,
    items: totals.items,
    revenue_minor: totals.revenue_minor,
    average_basket_minor: averageBasket(totals.revenue_minor, totals.purchases),
    unique_customers: totals.unique_customers,
    loyal_customers: totals.loyal_customers,
    loyal_threshold: loyalThreshold,
    top_products: rows
      .filter((top) => top.product_units > 0)
      .map((top) => ({
        product_id: top.product_id,
        product: top.product,
        units: top.product_units,
        revenue_minor: top.product_revenue_minor,
        rank: top.product_rank,
      })),
  };
};
