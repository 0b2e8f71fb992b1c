import { z } from 'zod';
import type { ClickHouse } from '../client.ts';
import type { Scope } from '../cover.ts';
import { ONE_THREAD } from '../facts.ts';
import type { Gold } from '../gold.ts';
import type { ShopCalendar } from '../shop-calendar.ts';
import { BUCKET, bucketsOf } from './buckets.ts';
import { customersOf } from './customer-rows.ts';

const BEFORE_THE_END = "loyal_since < fromUnixTimestamp64Milli({to:Int64}, 'UTC')";

const sql = (branch: string | undefined) => `
  SELECT toInt64(${BUCKET}) AS start, count() AS became_loyal
  FROM (
    SELECT toUnixTimestamp(toDateTime(loyal_since, 'UTC')) AS slot
    FROM ${branch === undefined ? 'gold.customers' : 'gold.customer_branches'}
    WHERE ${BEFORE_THE_END} ${branch === undefined ? '' : 'AND branch_id = {branch:String}'}
  )
  GROUP BY start`;

const row = z.object({ start: z.int(), became_loyal: z.int() });

/**
 * Loyal customers at the end of each business day of a scope: those whose purchases that are not void had reached the
 * threshold by then (with a branch: there). Does not add up over days or branches.
 */
export const readLoyalCustomers = async (
  clickhouse: ClickHouse,
  calendar: ShopCalendar,
  scope: Scope,
  signal?: AbortSignal,
): Promise<{ start: string; loyal_customers: number }[]> => {
  const starts = [...calendar.starts('day', scope)];
  const [first = scope.from] = starts;
  const rows = await clickhouse.rows({
    name: 'loyal_customers',
    sql: sql(scope.branch),
    // Everything before the first day is one bucket of its own.
    params: {
      ...bucketsOf([0, ...starts.filter((start) => start > 0)]).params,
      to: scope.to,
      branch: scope.branch ?? '',
    },
    row,
    signal,
  });
  const became = new Map(rows.map(({ start, became_loyal }) => [start * 1000, became_loyal]));
  let loyal = first > 0 ? (became.get(0) ?? 0) : 0;
  return starts.map((start) => {
    loyal += became.get(start) ?? 0;
    return { start: new Date(start).toISOString(), loyal_customers: loyal };
  });
};

const AT_THE_END = `countIf(${BEFORE_THE_END}) AS loyal_customers`;
const count = z.object({ loyal_customers: z.int() });

/**
 * Loyal customers at the end of a scope. A question about purchases asks it beside its own statement, not within: there it would be counted
 * before that is planned, while one of two cores waits. Both see the stores of the same few milliseconds.
 */
export const countLoyalCustomers = async (gold: Gold, { to, branch }: Scope, signal?: AbortSignal): Promise<number> => {
  const { loyal_customers } = await gold.clickhouse.row({
    name: 'loyal_customers_count',
    sql: `SELECT ${AT_THE_END} FROM ${customersOf(branch)}`,
    params: { to, branch: branch ?? '' },
    row: count,
    signal,
  });
  return loyal_customers;
};

/** The same of each branch that has customers, there. */
export const countLoyalByBranch = async (
  gold: Gold,
  { to }: Scope,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, number>> => {
  const rows = await gold.clickhouse.rows({
    name: 'loyal_customers_by_branch',
    sql: `SELECT branch_id, ${AT_THE_END} FROM gold.customer_branches GROUP BY branch_id SETTINGS ${ONE_THREAD}`,
    params: { to },
    row: count.extend({ branch_id: z.string() }),
    signal,
  });
  return new Map(rows.map(({ branch_id, loyal_customers }) => [branch_id, loyal_customers]));
};
