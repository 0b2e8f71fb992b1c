import { shopCalendar } from './calendar/shop-calendar.ts';
import { clockOf, type ShopClock, shopDaySql } from './calendar/shop-day.ts';
import type { ClickHouse } from './client.ts';
import { firstOfMonth, firstOfYear } from './cover.ts';
import {
  dayFacts,
  FACT_HASH,
  FIGURES_OF_FACTS,
  FOLDED_FIGURES,
  slotFacts,
  stillTrue,
  UNPACKED,
  UNPACKED_SPAN,
} from './facts.ts';
import { sealProducts } from './seal-products.ts';
import { readSealState } from './seal-state.ts';
import { between, chunksOf, datesOf, IN_DATES, inDays, insertSealed, mergePartitions, partitionOf } from './sealing.ts';

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
  years: number;
  /** Of days and months, by branch and by country. */
  products: number;
}

/**
 * Seals what is over and not sealed as its facts are now: slots from facts, days from slots,
 * months from days, years from months, products from facts.
 * Any number of sealers may run at once, and one may die at any moment: a row is replaced whole, carries the
 * fingerprint of what it was made of, and counts only while that is the fingerprint of the facts.
 *
 * @throws what ClickHouse throws; what was sealed before stays
 */
export const sealStale = async (clickhouse: ClickHouse, options: SealOptions): Promise<Sealed> => {
  const { shop, now, graceMs = 60_000, force = false, daysAtOnce = 31, progress, signal } = options;
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  const state = await readSealState(clickhouse, shopDay, 'spans', signal);
  const sealed: Sealed = { slots: 0, days: 0, months: 0, years: 0, products: 0 };
  if (state.days === undefined) return sealed;

  const written = new Set<number>();
  const days = force ? between(state.days.first, state.days.last) : [...state.openDays].sort((a, b) => a - b);
  const isOver = (end: number) => end + graceMs <= now;
  let done = 0;
  for (const chunk of chunksOf(days, state.facts, daysAtOnce)) {
    signal?.throwIfAborted();
    sealed.slots += await insertSealed(clickhouse, 'gold.sealed_slots', slotsSql(shopDay, force), {
      days: chunk,
      dates: datesOf(chunk, calendar),
      before: Math.floor((now - graceMs) / 1000) - 900,
    });
    const over = chunk.filter((day) => isOver(calendar.dayStart(day + 1)));
    if (over.length > 0) {
      const params = { days: over, dates: datesOf(over, calendar) };
      sealed.days += await insertSealed(clickhouse, 'gold.sealed_spans', daysSql(shopDay, shop.SHOP_TIMEZONE), params);
      for (const day of over) written.add(partitionOf(LEVELS.day, day, MONTHS_OF_PARTITION));
    }
    done += chunk.length;
    progress?.(done, days.length);
  }

  const spans = [
    { level: 'month', open: state.openMonths, first: firstOfMonth, sql: spansSql(shopDay, 'day', 'month') },
    { level: 'year', open: state.openYears, first: firstOfYear, sql: spansSql(shopDay, 'month', 'year') },
  ] as const;
  for (const { level, open, first, sql } of spans) {
    const starts = force ? [...new Set(days.map((day) => first(day)))] : [...open];
    const over = starts.filter((start) => isOver(calendar.dayStart(first(start, 1)))).sort((a, b) => a - b);
    for (const start of over) {
      signal?.throwIfAborted();
      const params = { first_day: start, last_day: first(start, 1) - 1 };
      sealed[`${level}s`] += await insertSealed(clickhouse, 'gold.sealed_spans', sql, params);
      written.add(partitionOf(LEVELS[level], start, MONTHS_OF_PARTITION));
    }
  }
  await mergePartitions(clickhouse, 'sealed_spans', written);
  sealed.products = await sealProducts(clickhouse, { shop, now, graceMs, force, daysAtOnce, progress, signal });
  return sealed;
};

const LEVELS = { day: 1, month: 2, year: 3 } as const;
const MONTHS_OF_PARTITION = 3;

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

/** The columns of gold.sealed_spans in the order in which they are inserted. */
const SPAN =
  'level, grain, branch_id, start, hour, weekday, hour_start, clock, stored_count, stored_hash, merged_count, merged_hash';
const GRAIN = (of: string) => `CAST(${of}, 'Enum8(\\'whole\\' = 0, \\'hour\\' = 1, \\'weekday\\' = 2)')`;

/**
 * Days all of whose slots are sealed as their facts are now: of the chain and of each branch, whole and by hour, all of
 * them or none, so that those of one day are of one moment.
 */
const daysSql = (shopDay: string, timeZone: string): string => {
  const slots = `
      FROM (SELECT *, ${shopDay} AS day FROM (${slotFacts(inDays(shopDay))})) AS facts
      LEFT JOIN (SELECT * FROM gold.sealed_slots FINAL WHERE ${IN_DATES}) AS part
        ON part.slot = facts.slot AND part.branch_id = facts.branch_id`;
  const local = `toTimezone(facts.slot, '${timeZone.replace(/[\\']/g, '\\$&')}')`;
  const hours = `
    SELECT day AS of_day, branch_id AS of_branch, hour_start AS of_hour_start, hour AS of_hour, of_grain,
      rows, hash, merged_rows, merged, ${UNPACKED}
    FROM (
      SELECT facts.day AS day, facts.branch_id AS branch_id, facts.slot - 60 * toMinute(${local}) AS hour_start,
        toInt8(toHour(${local})) AS hour, ${GRAIN("'hour'")} AS of_grain, sum(facts.rows) AS rows, sum(facts.hash) AS hash,
        sum(part.merged_count) AS merged_rows, sum(part.merged_hash) AS merged, ${FOLDED_FIGURES}
      ${slots}
      WHERE day NOT IN (SELECT facts.day ${slots} WHERE NOT ${stillTrue('part', 'facts')})
      GROUP BY day, branch_id, hour_start, hour)`;
  return `
    SELECT ${SPAN}, ${UNPACKED_SPAN} FROM (
    SELECT 'day' AS level, of_grain AS grain, of_branch AS branch_id, of_day AS start,
      if(of_grain = 'whole', -1, of_hour) AS hour, 0 AS weekday, of_hour_start AS hour_start, '${clockOf(shopDay)}' AS clock,
      sum(part.rows) AS stored_count, sum(part.hash) AS stored_hash,
      sum(part.merged_rows) AS merged_count, sum(part.merged) AS merged_hash, ${FOLDED_FIGURES}
    FROM (${hours}) AS part
    -- Without a branch: the chain. Without an hour: the whole day.
    GROUP BY GROUPING SETS (
      (of_day, of_branch, of_grain, of_hour, of_hour_start), (of_day, of_branch),
      (of_day, of_grain, of_hour, of_hour_start), (of_day)))`;
};

/** Months from days, or years from months: all rows of one, or none while one of its parts is not as its facts are now. */
const spansSql = (shopDay: string, from: 'day' | 'month', to: 'month' | 'year'): string => {
  const inSpan = `${shopDay} >= toDate({first_day:UInt16}) AND ${shopDay} <= toDate({last_day:UInt16})`;
  const parts = `
      SELECT * FROM gold.sealed_spans FINAL
      WHERE level = '${from}' AND clock = '${clockOf(shopDay)}' AND start >= toDate({first_day:UInt16}) AND start <= toDate({last_day:UInt16})`;
  const states = `
      SELECT facts.start AS start, facts.branch_id AS branch_id, ${stillTrue('whole', 'facts')} AS is_true,
        whole.stored_count = facts.rows AND whole.stored_hash = facts.hash AS is_as_stored
      FROM (
        SELECT ${from === 'day' ? 'day' : 'toStartOfMonth(day)'} AS start, branch_id, sum(day_rows) AS rows, sum(day_hash) AS hash
        FROM (SELECT day, branch_id, rows AS day_rows, hash AS day_hash FROM (${dayFacts(`${shopDay} AS day, branch_id`, 'day, branch_id', inSpan)}))
        GROUP BY GROUPING SETS ((start, branch_id), (start))
      ) AS facts
      LEFT JOIN (${parts} AND grain = 'whole') AS whole ON whole.start = facts.start AND whole.branch_id = facts.branch_id`;
  // An hour of a day counts in that hour and in that hour of its weekday.
  const grains =
    from === 'day'
      ? `if(grain = 'hour', [(${GRAIN("'hour'")}, 0), (${GRAIN("'weekday'")}, toDayOfWeek(start))], [(grain, 0)])`
      : '[(grain, weekday)]';
  const now = (of: string) => `sum(if(state.is_as_stored, part.stored_${of}, part.merged_${of}))`;
  return `
    SELECT ${SPAN}, ${UNPACKED_SPAN} FROM (
    SELECT '${to}' AS level, part.of_grain AS grain, part.branch_id AS branch_id, toDate({first_day:UInt16}) AS start,
      part.hour AS hour, part.of_weekday AS weekday, toDateTime(0, 'UTC') AS hour_start, '${clockOf(shopDay)}' AS clock,
      ${now('count')} AS stored_count, ${now('hash')} AS stored_hash,
      sum(part.merged_count) AS merged_count, sum(part.merged_hash) AS merged_hash, ${FOLDED_FIGURES}
    FROM (SELECT *, counted.1 AS of_grain, counted.2 AS of_weekday FROM (${parts}) ARRAY JOIN ${grains} AS counted) AS part
    JOIN (${states}) AS state ON state.start = part.start AND state.branch_id = part.branch_id
    WHERE (SELECT countIf(NOT is_true) FROM (${states})) = 0
    GROUP BY part.of_grain, part.branch_id, part.hour, part.of_weekday)`;
};
