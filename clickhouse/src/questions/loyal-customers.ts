import { z } from 'zod';
import type { Scope } from '../cover.ts';
import { ONE_THREAD } from '../facts.ts';
import type { Gold } from '../gold.ts';
import type { Moments } from '../loyal-moments.ts';
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
  gold: Gold,
  scope: Scope,
  signal?: AbortSignal,
): Promise<{ start: string; loyal_customers: number }[]> => {
  const starts = [...gold.calendar.starts('day', scope)];
  const [first = scope.from] = starts;
  // Everything before the first day is one bucket of its own.
  const buckets = [0, ...starts.filter((start) => start > 0)];
  const moments = scope.branch === undefined ? await gold.loyal.now() : undefined;
  const became =
    moments === undefined
      ? await readBecameLoyal(gold, scope, buckets, signal)
      : becameLoyal(moments, scope.to, buckets);
  let loyal = first > 0 ? (became.get(0) ?? 0) : 0;
  return starts.map((start) => {
    loyal += became.get(start) ?? 0;
    return { start: new Date(start).toISOString(), loyal_customers: loyal };
  });
};

/** How many became loyal in each bucket, by its start. */
const readBecameLoyal = async (
  { clickhouse }: Gold,
  { to, branch }: Scope,
  buckets: number[],
  signal: AbortSignal | undefined,
): Promise<Map<number, number>> => {
  const rows = await clickhouse.rows({
    name: 'loyal_customers',
    sql: sql(branch),
    params: { ...bucketsOf(buckets).params, to, branch: branch ?? '' },
    row,
    signal,
  });
  return new Map(rows.map(({ start, became_loyal }) => [start * 1000, became_loyal]));
};

/** The same out of moments that are known. */
const becameLoyal = (moments: Moments, to: number, buckets: readonly number[]): Map<number, number> => {
  const until = [...buckets, to].map((start) => moments.before(Math.min(start, to)));
  return new Map(
    buckets.map((start, index) => [start, (until[index + 1] ?? 0) - (index === 0 ? 0 : (until[index] ?? 0))]),
  );
};

const AT_THE_END = `countIf(${BEFORE_THE_END}) AS loyal_customers`;
const count = z.object({ loyal_customers: z.int() });

/**
 * Loyal customers at the end of a scope. A question about purchases asks it beside its own statement, not within: there it would be counted
 * before that is planned, while one of two cores waits. Both see the stores of the same few milliseconds.
 */
export const countLoyalCustomers = async (gold: Gold, { to, branch }: Scope, signal?: AbortSignal): Promise<number> => {
  const moments = branch === undefined ? await gold.loyal.now() : undefined;
  if (moments !== undefined) return moments.before(to);
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
