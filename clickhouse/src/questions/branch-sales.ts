import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, averageBasket, NO_TOTALS, type Totals, totalsOf } from './figures.ts';
import { countLoyalByBranch } from './loyal-customers.ts';

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
    gold.figures({
      name: 'branch_sales',
      scopes: before === undefined ? { period: scope } : { period: scope, earlier: before },
      by: 'branch',
      signal,
    }),
    countLoyalByBranch(gold, scope, signal),
  ]);
  const branches = new Map<string, BranchRow>();
  for (const row of rows) {
    const { scope, branch_id, purchases, revenue_minor } = row;
    const branch = branches.get(branch_id) ?? {
      branch_id,
      ...NO_TOTALS,
      purchases_before: 0,
      revenue_before_minor: 0,
      loyal_customers: loyal.get(branch_id) ?? 0,
      average_basket_minor: 0,
      newest_sale: null,
    };
    if (scope === 'period') {
      const average_basket_minor = averageBasket(revenue_minor, purchases);
      Object.assign(branch, totalsOf(row), { average_basket_minor, newest_sale: asOf([row.newest]) });
    } else Object.assign(branch, { purchases_before: purchases, revenue_before_minor: revenue_minor });
    branches.set(branch_id, branch);
  }
  return {
    as_of: asOf(rows.filter(({ scope }) => scope === 'period').map(({ newest }) => newest)),
    branches: [...branches.values()].sort((a, b) => (a.branch_id < b.branch_id ? -1 : 1)),
  };
};
