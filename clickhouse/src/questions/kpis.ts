import type { Kpis } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, averageBasket, TOTALS, totalsRow } from './figures.ts';
import { rankedProducts, SOLD, topRow, topSql } from './ranking.ts';

const sql = (scope: Scope) => `
  SELECT purchases, items, revenue_minor, unique_customers, newest, top,
    (SELECT countIf(loyal_since < fromUnixTimestamp64Milli({to:Int64}, 'UTC'))
     FROM ${scope.branch === undefined ? 'gold.customers' : 'gold.customer_branches WHERE branch_id = {branch:String}'}) AS loyal_customers
  FROM (SELECT *, ${topSql('units')} FROM (SELECT ${TOTALS}, ${SOLD} FROM period))`;

const row = z.object({ ...totalsRow, ...topRow, loyal_customers: z.int() });

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
  const [totals] = await gold.answer({
    name: 'kpis',
    scopes: { period: scope },
    coarsest: 'year',
    sql: sql(scope),
    params: { to: scope.to, limit, branch: scope.branch ?? '' },
    row,
    signal,
  });
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
    top_products: rankedProducts(totals.top, 'units'),
  };
};
