import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, averageBasket, NO_TOTALS, TOTALS, type Totals, totalsRow } from './figures.ts';
import { countLoyalByBranch } from './loyal-customers.ts';

/** Rows of the period and of the one before; they are put together here, since a join takes longer to plan than to run. */
const ofBranch = (rows: string, isPeriod: boolean) =>
  `SELECT ${isPeriod} AS is_period, branch_id, ${TOTALS} FROM ${rows} GROUP BY branch_id`;

const sql = (compared: boolean) =>
  `${ofBranch('period', true)}${compared ? ` UNION ALL ${ofBranch('earlier', false)}` : ''}`;

const row = z.object({ is_period: z.boolean(), branch_id: z.string(), ...totalsRow });

interface BranchRow extends Totals {
  branch_id: string;
  purchases_before: number;
  revenue_before_minor: number;
  loyal_customers: number;
  average_basket_minor: number;
  newest_sale: string | null;
}

/** Sales of each branch in a period. */
export interface BranchSales {
  as_of: string | null;
  /** Customers do not add up over branches; `loyal_customers` had reached the threshold there before the period's end. */
  branches: BranchRow[];
}

/** Every branch with a sale in a period or in the one it is compared with, by its id. Money in minor units. */
export const readBranchSales = async (
  gold: Gold,
  scope: Scope,
  before: Scope | undefined,
  signal?: AbortSignal,
): Promise<BranchSales> => {
  const [rows, loyal] = await Promise.all([
    gold.answer({
      name: 'branch_sales',
      scopes: before === undefined ? { period: scope } : { period: scope, earlier: before },
      coarsest: 'year',
      byBranch: true,
      sql: sql(before !== undefined),
      row,
      signal,
    }),
    countLoyalByBranch(gold, scope, signal),
  ]);
  const branches = new Map<string, BranchRow>();
  for (const { is_period, branch_id, newest, ...totals } of rows) {
    const branch = branches.get(branch_id) ?? {
      branch_id,
      ...NO_TOTALS,
      purchases_before: 0,
      revenue_before_minor: 0,
      loyal_customers: loyal.get(branch_id) ?? 0,
      average_basket_minor: 0,
      newest_sale: null,
    };
    if (is_period) {
      const average_basket_minor = averageBasket(totals.revenue_minor, totals.purchases);
      Object.assign(branch, totals, { average_basket_minor, newest_sale: asOf([newest]) });
    } else {
      branch.purchases_before = totals.purchases;
      branch.revenue_before_minor = totals.revenue_minor;
    }
    branches.set(branch_id, branch);
  }
  return {
    as_of: asOf(rows.filter(({ is_period }) => is_period).map(({ newest }) => newest)),
    branches: [...branches.values()].sort((a, b) => (a.branch_id < b.branch_id ? -1 : 1)),
  };
};
