import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, averageBasket, TOTALS, totalsRow } from './figures.ts';

const sql = (compared: boolean) => `
  SELECT sold.branch_id AS branch_id, purchases, items, revenue_minor, unique_customers, newest, purchases_before,
    revenue_before_minor, loyal.customers AS loyal_customers
  FROM (
    SELECT branch_id, sumIf(of_purchases, is_period) AS purchases, sumIf(of_items, is_period) AS items,
      sumIf(of_revenue, is_period) AS revenue_minor, sumIf(of_customers, is_period) AS unique_customers,
      maxIf(of_newest, is_period) AS newest, sumIf(of_purchases, NOT is_period) AS purchases_before,
      sumIf(of_revenue, NOT is_period) AS revenue_before_minor
    FROM (${ofBranch('period', true)}${compared ? ` UNION ALL ${ofBranch('earlier', false)}` : ''})
    GROUP BY branch_id
  ) AS sold
  LEFT JOIN (
    SELECT branch_id, countIf(loyal_since < fromUnixTimestamp64Milli({to:Int64}, 'UTC')) AS customers
    FROM gold.customer_branches GROUP BY branch_id
  ) AS loyal ON loyal.branch_id = sold.branch_id`;

const ofBranch = (rows: string, isPeriod: boolean) => `
  SELECT ${isPeriod} AS is_period, branch_id, purchases AS of_purchases, items AS of_items, revenue_minor AS of_revenue,
    unique_customers AS of_customers, newest AS of_newest
  FROM (SELECT branch_id, ${TOTALS} FROM ${rows} GROUP BY branch_id)`;

const row = z.object({
  branch_id: z.string(),
  ...totalsRow,
  purchases_before: z.int(),
  revenue_before_minor: z.int(),
  loyal_customers: z.int(),
});

/** Sales of each branch in a period. */
export interface BranchSales {
  as_of: string | null;
  /** Customers do not add up over branches; `loyal_customers` had reached the threshold there before the period's end. */
  branches: (Omit<z.output<typeof row>, 'newest'> & { average_basket_minor: number; newest_sale: string | null })[];
}

/** Every branch with a sale in a period or in the one it is compared with, by its id. Money in minor units. */
export const readBranchSales = async (
  gold: Gold,
  scope: Scope,
  before: Scope | undefined,
  signal?: AbortSignal,
): Promise<BranchSales> => {
  const rows = await gold.answer({
    name: 'branch_sales',
    scopes: before === undefined ? { period: scope } : { period: scope, earlier: before },
    coarsest: 'year',
    byBranch: true,
    sql: sql(before !== undefined),
    params: { to: scope.to },
    row,
    signal,
  });
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    branches: rows
      .map(({ newest, ...sold }) => ({
        ...sold,
        average_basket_minor: averageBasket(sold.revenue_minor, sold.purchases),
        newest_sale: asOf([newest]),
      }))
      .sort((a, b) => (a.branch_id < b.branch_id ? -1 : 1)),
  };
};
