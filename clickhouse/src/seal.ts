import type { ClickHouse } from './client.ts';
import {
  dayFacts,
  FACT_HASH,
  FIGURES_OF_FACTS,
  FOLDED_FIGURES,
  ONE_SNAPSHOT,
  slotFacts,
  stillTrue,
  UNPACKED,
} from './facts.ts';
import { readSealState } from './seal-state.ts';
import { type ShopCalendar, shopCalendar } from './shop-calendar.ts';
import { type ShopClock, shopDaySql } from './shop-day.ts';

export interface SealOptions {
  shop: ShopClock;
  /** What time it is (ms since 1970): it decides only what is worth sealing, never what is true. */
  now: number;
  /** How long after its end (ms) a slot is left alone, because sales of it are still on their way. Default one minute. */
  graceMs?: number;
  /** Seals everything anew, whether or not it still is the truth. */
  force?: boolean;
  /** Most business days to look into at once: the memory that sealing takes. Default 31. */
  daysAtOnce?: number;
  /** Told after each step of a long run: days done and to do. */
  progress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

/** How many rows were written at each level; more than was stale when a row was sealed twice. */
export interface Sealed {
  slots: number;
  days: number;
  months: number;
}

const DAY_MS = 86_400_000;

/**
 * Seals what is over and not sealed as its facts are now: slots from facts, days from slots, months from days.
 * Any number of sealers may run at once, and one may die at any moment: a row is replaced whole, carries the
 * fingerprint of what it was made of, and counts only while that is the fingerprint of the facts.
 *
 * @throws what ClickHouse throws; what was sealed before stays
 */
export const sealStale = async (clickhouse: ClickHouse, options: SealOptions): Promise<Sealed> => {
  const { shop, now, graceMs = 60_000, force = false, daysAtOnce = 31, progress, signal } = options;
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  const state = await readSealState(clickhouse, shopDay, signal);
  const sealed: Sealed = { slots: 0, days: 0, months: 0 };
  if (state.days === undefined) return sealed;

  const days = force ? between(state.days.first, state.days.last) : [...state.openDays].sort((a, b) => a - b);
  const isOver = (end: number) => end + graceMs <= now;
  for (let start = 0; start < days.length; start += daysAtOnce) {
    signal?.throwIfAborted();
    const chunk = days.slice(start, start + daysAtOnce);
    sealed.slots += await write(clickhouse, 'gold.sealed_slots', slotsSql(shopDay, force), {
      days: chunk,
      dates: datesOf(chunk, calendar),
      before: Math.floor((now - graceMs) / 1000) - 900,
    });
    const over = chunk.filter((day) => isOver(calendar.dayStart(day + 1)));
    if (over.length > 0) {
      const params = { days: over, dates: datesOf(over, calendar) };
      sealed.days += await write(clickhouse, 'gold.sealed_periods', daysSql(shopDay), params);
    }
    progress?.(Math.min(start + daysAtOnce, days.length), days.length);
  }

  const months = force ? [...new Set(days.map((day) => monthOf(day, 0)))] : [...state.openMonths];
  const over = months.filter((month) => isOver(calendar.dayStart(monthOf(month, 1)))).sort((a, b) => a - b);
  for (const month of over) {
    signal?.throwIfAborted();
    const params = { first_day: month, last_day: monthOf(month, 1) - 1 };
    sealed.months += await write(clickhouse, 'gold.sealed_periods', monthsSql(shopDay), params);
  }
  return sealed;
};

/** Inserts what a SELECT gives, of one moment; gives the number of rows written. */
const write = (
  clickhouse: ClickHouse,
  table: string,
  select: string,
  params: Record<string, unknown>,
): Promise<number> =>
  clickhouse.insertSelect({ name: `seal ${table}`, table, select: `${select} ${ONE_SNAPSHOT}`, params });

const between = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** The dates in UTC which some business days meet. */
const datesOf = (days: readonly number[], calendar: ShopCalendar): number[] => [
  ...new Set(
    days.flatMap((day) =>
      between(Math.floor(calendar.dayStart(day) / DAY_MS), Math.floor((calendar.dayStart(day + 1) - 1) / DAY_MS)),
    ),
  ),
];

/** The first day of the month of a day, some months on. */
const monthOf = (day: number, later: number): number => {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later, 1) / DAY_MS;
};

const IN_DATES = 'toUInt16(toDate(slot)) IN {dates:Array(UInt16)}';
const inDays = (shopDay: string) => `${IN_DATES} AND toUInt16(${shopDay}) IN {days:Array(UInt16)}`;

/** Facts and fingerprints of stale slots, read from one snapshot of silver. */
const slotsSql = (shopDay: string, force: boolean): string => {
  const worthIt = `${inDays(shopDay)} AND slot <= {before:UInt32}`;
  const stale = force
    ? ''
    : `WHERE (slot, branch_id) IN (
        SELECT facts.slot, facts.branch_id
        FROM (${slotFacts(worthIt)}) AS facts
        LEFT JOIN (SELECT * FROM gold.sealed_slots FINAL WHERE ${IN_DATES}) AS sealed
          ON sealed.slot = facts.slot AND sealed.branch_id = facts.branch_id
        WHERE NOT ${stillTrue('sealed', 'facts')})`;
  return `
    SELECT slot, branch_id, stored.rows, stored.hash, merged_count, merged_hash, ${UNPACKED}
    FROM (
      SELECT slot, branch_id, count() AS merged_count, sum(${FACT_HASH}) AS merged_hash, ${FIGURES_OF_FACTS}
      FROM silver.purchases AS fact FINAL
      ${stale || `WHERE ${worthIt}`}
      GROUP BY slot, branch_id
    ) AS merged
    JOIN (${slotFacts(worthIt)}) AS stored ON stored.slot = merged.slot AND stored.branch_id = merged.branch_id`;
};

/** Days all of whose slots are sealed as their facts are now. */
const daysSql = (shopDay: string): string => `
    SELECT level, start, branch_id, stored_count, stored_hash, merged_count, merged_hash, ${UNPACKED} FROM (
    SELECT 'day' AS level, facts.day AS start, facts.branch_id AS branch_id,
      sum(facts.rows) AS stored_count, sum(facts.hash) AS stored_hash,
      sum(part.merged_count) AS merged_count, sum(part.merged_hash) AS merged_hash, ${FOLDED_FIGURES}
    FROM (SELECT *, ${shopDay} AS day FROM (${slotFacts(inDays(shopDay))})) AS facts
    LEFT JOIN (SELECT * FROM gold.sealed_slots FINAL WHERE ${IN_DATES}) AS part
      ON part.slot = facts.slot AND part.branch_id = facts.branch_id
    GROUP BY level, start, branch_id
    HAVING min(${stillTrue('part', 'facts')}))`;

/** Months all of whose days are sealed as their facts are now. */
const monthsSql = (shopDay: string): string => {
  const inMonth = `${shopDay} >= toDate({first_day:UInt16}) AND ${shopDay} <= toDate({last_day:UInt16})`;
  return `
    SELECT level, start, branch_id, stored_count, stored_hash, merged_count, merged_hash, ${UNPACKED} FROM (
    SELECT 'month' AS level, toStartOfMonth(facts.day) AS start, facts.branch_id AS branch_id,
      sum(facts.rows) AS stored_count, sum(facts.hash) AS stored_hash,
      sum(part.merged_count) AS merged_count, sum(part.merged_hash) AS merged_hash, ${FOLDED_FIGURES}
    FROM (${dayFacts(shopDay, inMonth)}) AS facts
    LEFT JOIN (
      SELECT * FROM gold.sealed_periods FINAL
      WHERE level = 'day' AND start >= toDate({first_day:UInt16}) AND start <= toDate({last_day:UInt16})
    ) AS part ON part.start = facts.day AND part.branch_id = facts.branch_id
    GROUP BY level, start, branch_id
    HAVING min(${stillTrue('part', 'facts')}))`;
};
