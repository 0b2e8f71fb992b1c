import { z } from 'zod';
import type { Scope } from '../cover.ts';
import { ONE_THREAD } from '../facts.ts';
import type { Gold } from '../gold.ts';
import type { CountBefore } from '../moment-counts.ts';
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
  const became =
    becameLoyal(await remembered(gold, scope), scope.to, buckets) ??
    (await readBecameLoyal(gold, scope, buckets, signal));
  let loyal = first > 0 ? (became.get(0) ?? 0) : 0;
  return starts.map((start) => {
    loyal += became.get(start) ?? 0;
    return { start: new Date(start).toISOString(), loyal_customers: loyal };
  });
};

/** What is remembered of the customers of the chain or, for a scope with a branch, there. */
const remembered = (gold: Gold, { branch }: Scope): Promise<CountBefore | undefined> =>
  branch === undefined ? gold.loyal.now() : gold.loyalInBranches.of(branch);

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

/** The same out of what is remembered, where it is. */
const becameLoyal = (
  countBefore: CountBefore | undefined,
  to: number,
  buckets: readonly number[],
): Map<number, number> | undefined => {
  const became = new Map<number, number>();
  let before = 0;
  for (const [index, start] of buckets.entries()) {
    const until = countBefore?.(Math.min(buckets[index + 1] ?? to, to));
    if (until === undefined) return undefined;
    became.set(start, until - before);
    before = until;
  }
  return became;
};

const AT_THE_END = `countIf(${BEFORE_THE_END}) AS loyal_customers`;
const count = z.object({ loyal_customers: z.int() });

/**
 * Loyal customers at the end of a scope. A question about purchases asks it beside its own statement, not within: there it would be counted
 * before that is planned, while one of two cores waits. Both see the stores of the same few milliseconds.
 */
export const countLoyalCustomers = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<number> => {
  const { to, branch } = scope;
  const known = (await remembered(gold, scope))?.(to);
  if (known !== undefined) return known;
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
  const known = await gold.loyalInBranches.all();
  const counts = Array.from(known ?? [], ([branch, countBefore]) => [branch, countBefore(to)] as const);
  if (known !== undefined && counts.every(isCounted)) return new Map(counts);
  const rows = await gold.clickhouse.rows({
    name: 'loyal_customers_by_branch',
    sql: `SELECT branch_id, ${AT_THE_END} FROM gold.customer_branches GROUP BY branch_id SETTINGS ${ONE_THREAD}`,
    params: { to },
    row: count.extend({ branch_id: z.string() }),
    signal,
  });
  return new Map(rows.map(({ branch_id, loyal_customers }) => [branch_id, loyal_customers]));
};

const isCounted = (count: readonly [string, number | undefined]): count is readonly [string, number] =>
  count[1] !== undefined;
