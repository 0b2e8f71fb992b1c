import type { Kpis } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, averageBasket, TOTALS, totalsRow } from './figures.ts';
import { rankedProducts, SOLD, soldRow } from './ranking.ts';

/** One row per top product with the sums on each; a row with an empty product when nothing was sold. */
const sql = (scope: Scope) => `
  SELECT purchases, items, revenue_minor, unique_customers, newest, totals.product_id AS product_id, units,
    product_revenue_minor, rank, catalog.product AS product,
    (SELECT countIf(loyal_since < fromUnixTimestamp64Milli({to:Int64}, 'UTC'))
     FROM ${scope.branch === undefined ? 'gold.customers' : 'gold.customer_branches WHERE branch_id = {branch:String}'}) AS loyal_customers
  FROM (
    SELECT purchases, items, revenue_minor, unique_customers, newest, product_id, units, product_revenue_minor,
      rank() OVER (ORDER BY units DESC) AS rank
    FROM (SELECT ${TOTALS}, ${SOLD} FROM period)
    LEFT ARRAY JOIN sold.1 AS product_id, sold.2 AS units, sold.3 AS product_revenue_minor
  ) AS totals
  LEFT JOIN gold.products AS catalog ON catalog.product_id = totals.product_id
  WHERE rank <= {limit:UInt32}`;

const row = z.object({ ...totalsRow, ...soldRow, loyal_customers: z.int() });

/**
 * The main figures of a period, all of one moment. Money in minor units. Unique customers bought at least once in the
 * period; loyal ones had reached the threshold before its end (with a branch: there). Neither adds up over branches.
 */
export const readKpis = async (
  gold: Gold,
  scope: Scope,
  loyalThreshold: number,
  { limit = 3, signal }: { limit?: number; signal?: AbortSignal } = {},
): Promise<Kpis> => {
  const rows = await gold.answer({
    name: 'kpis',
    scopes: { period: scope },
    coarsest: 'month',
    sql: sql(scope),
    params: { to: scope.to, limit, branch: scope.branch ?? '' },
    row,
    signal,
  });
  const [totals] = rows;
  if (totals === undefined) throw new Error('query kpis returned no row');
  return {
    as_of: asOf([totals.newest]),
    purchases: totals.purchases,
    items: totals.items,
    revenue_minor: totals.revenue_minor,
    average_basket_minor: averageBasket(totals.revenue_minor, totals.purchases),
    unique_customers: totals.unique_customers,
    loyal_customers: totals.loyal_customers,
    loyal_threshold: loyalThreshold,
    top_products: rankedProducts(rows),
  };
};
