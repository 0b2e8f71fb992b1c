import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { BEGINNING } from '../../calendar/shop-calendar.ts';
import { type Gold, READ } from '../gold.ts';
import { milestoneRows } from '../milestones.ts';
import { Parameters } from '../parameters.ts';
import { type Column, coverOfScope, type RowsContext, rowsOf } from '../rows.ts';
import {
  asOf,
  averageBasket,
  MONEY,
  MONEY_SUMS,
  type Money,
  moneyRow,
  SUMMED,
  SUMS,
  sumsRow,
  type Totals,
} from './totals.ts';

const row = z.object({
  branch_id: z.string(),
  ...sumsRow,
  ...moneyRow,
  unique_customers: z.int(),
  purchases_before: z.int(),
  revenue_before_minor: z.int(),
  loyal_customers: z.int(),
});

interface BranchRow extends Totals, Money {
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

const BRANCH = { branch: ['toString(place)', 'toString(branch_id)'] } as const;
const BRANCH_OF_MILESTONES = { branch: ['toString(branch_id)', 'toString(branch_id)'] } as const;
const NO_CUSTOMERS = "arrayReduce('groupBitmapState', CAST([], 'Array(UInt32)'))";

/** Customers are read of the period alone: of the one before it only sums are shown. */
const sql = (context: RowsContext, scope: Scope, before: Scope | undefined): string => {
  const rows = (period: Scope, columns: readonly Column[]) =>
    rowsOf(context, period, coverOfScope(context, period, 'year'), { columns, keys: BRANCH, places: 'branches' });
  const parts = [
    `SELECT branch, ${[...SUMMED, ...MONEY].join(', ')}, customers,
      toUInt64(0) AS purchases_before, toInt64(0) AS revenue_before_minor, toUInt64(0) AS loyal
    FROM ${rows(scope, [...SUMMED, ...MONEY, 'customers'])}`,
  ];
  const nothing = `toUInt64(0), toUInt64(0), toInt64(0), toDateTime64(0, 3, 'UTC'),
      toInt64(0), toInt64(0), toInt64(0), toUInt64(0), ${NO_CUSTOMERS}`;
  if (before !== undefined) {
    parts.push(
      `SELECT branch, ${nothing}, purchases, revenue_minor, toUInt64(0) FROM ${rows(before, ['purchases', 'revenue_minor'])}`,
    );
  }
  const loyal = milestoneRows(
    context,
    { from: BEGINNING, to: scope.to },
    { milestones: ['loyal'], everyBranch: true, keys: BRANCH_OF_MILESTONES },
  );
  parts.push(`SELECT branch, ${nothing}, toUInt64(0), toInt64(0), customers FROM ${loyal}`);
  return `
  SELECT branch AS branch_id, ${SUMS}, ${MONEY_SUMS}, groupBitmapMerge(customers) AS unique_customers,
    sum(purchases_before) AS purchases_before, sum(revenue_before_minor) AS revenue_before_minor, sum(loyal) AS loyal_customers
  FROM (
    ${parts.join('\n    UNION ALL ')}
  )
  GROUP BY branch HAVING purchases > 0 OR returns > 0 OR purchases_before > 0 OR revenue_before_minor != 0 ORDER BY branch
  ${READ}`;
};

/** Every branch with a sale in a period or in the one it is compared with, by its id. Money in minor units. */
export const readBranchSales = async (
  gold: Gold,
  scope: Scope,
  before: Scope | undefined,
  signal?: AbortSignal,
): Promise<BranchSales> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, before);
  const rows = await gold.clickhouse.rows({ name: 'branch_sales', sql: text, params: parameters.values, row, signal });
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    branches: rows.map(({ newest, ...branch }) => ({
      ...branch,
      average_basket_minor: averageBasket(branch.revenue_minor, branch.purchases),
      newest_sale: asOf([newest]),
    })),
  };
};
