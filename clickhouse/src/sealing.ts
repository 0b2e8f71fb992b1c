import { z } from 'zod';
import type { ShopCalendar } from './calendar/shop-calendar.ts';
import type { ClickHouse } from './client.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';

/* What every level of seals does in the same way. Days are counted since 1970-01-01. */

const DAY_MS = 86_400_000;

/** Facts to seal by one statement: some seconds of work, far below the time that a statement may take. */
const FACTS_AT_ONCE = 2_000_000;

/** Days in their order, not too many and not with too many facts at once. */
export const chunksOf = (
  days: readonly number[],
  facts: ReadonlyMap<number, number>,
  daysAtOnce: number,
): number[][] => {
  const chunks: number[][] = [];
  let held = 0;
  for (const day of days) {
    const last = chunks.at(-1);
    held += facts.get(day) ?? 0;
    if (last === undefined || last.length >= daysAtOnce || held > FACTS_AT_ONCE) {
      chunks.push([day]);
      held = facts.get(day) ?? 0;
    } else last.push(day);
  }
  return chunks;
};

/**
 * The settings by which the work of a sealer steps back behind questions: one thread, so that the other cores stay theirs, and
 * the last place where a core is scarce. Where the engine may not set that (it takes CAP_SYS_NICE) it goes without.
 */
export const BEHIND_QUESTIONS = `${ONE_THREAD}, os_threads_nice_value_query = 15`;

/** Inserts what a SELECT gives, of one moment; gives the number of rows written. */
export const insertSealed = (
  clickhouse: ClickHouse,
  table: string,
  select: string,
  params: Record<string, unknown>,
): Promise<number> =>
  clickhouse.insertSelect({
    name: `seal ${table}`,
    table,
    select: `${select} ${ONE_SNAPSHOT}, ${BEHIND_QUESTIONS}`,
    params,
  });

/**
 * Makes partitions that were written to one part: reading bitmaps out of several large ones takes three times as long. A few
 * small parts beside a large one are left for a while, since making them one costs as much as all of the partition.
 */
export const mergePartitions = async (
  clickhouse: ClickHouse,
  table: 'sealed_spans' | 'sealed_products',
  partitions: ReadonlySet<number>,
): Promise<void> => {
  if (partitions.size === 0) return;
  const scattered = await clickhouse.rows({
    name: 'scattered_partitions',
    sql: `SELECT partition_id FROM system.parts
          WHERE active AND database = 'gold' AND table = {table:String} AND partition_id IN {partitions:Array(String)}
          GROUP BY partition_id HAVING count() > ${MOST_PARTS} OR sum(rows) > 1.2 * max(rows)`,
    params: { table, partitions: [...partitions].map(String) },
    row: z.object({ partition_id: z.string() }),
  });
  for (const { partition_id } of scattered) {
    await clickhouse.command(
      `OPTIMIZE TABLE gold.${table} PARTITION ID '${partition_id}' FINAL SETTINGS optimize_skip_merged_partitions = 1, ${BEHIND_QUESTIONS}`,
    );
  }
};

/** The partition that a span of a level (its number) lies in, where each holds so many months of the calendar. */
export const partitionOf = (level: number, start: number, months: 1 | 3): number => {
  const date = new Date(start * DAY_MS);
  const month = date.getUTCMonth();
  return level * 1_000_000 + date.getUTCFullYear() * 100 + 1 + month - (month % months);
};

/** Parts of one partition, most of them small, that a question may have to put together. */
const MOST_PARTS = 8;

/** All days from the first to the last. */
export const between = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** The dates in UTC which some business days meet. */
export const datesOf = (days: readonly number[], calendar: ShopCalendar): number[] => [
  ...new Set(
    days.flatMap((day) =>
      between(Math.floor(calendar.dayStart(day) / DAY_MS), Math.floor((calendar.dayStart(day + 1) - 1) / DAY_MS)),
    ),
  ),
];

/** SQL for slots of {dates:Array(UInt16)}, for the index. */
export const IN_DATES = 'toUInt16(toDate(slot)) IN {dates:Array(UInt16)}';

/** SQL for slots of the business days {days:Array(UInt16)}, which meet {dates:Array(UInt16)}. */
export const inDays = (shopDay: string): string => `${IN_DATES} AND toUInt16(${shopDay}) IN {days:Array(UInt16)}`;
