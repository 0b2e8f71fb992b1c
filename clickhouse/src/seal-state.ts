import { z } from 'zod';
import { clockOf } from './calendar/shop-day.ts';
import type { ClickHouse } from './client.ts';
import { firstOfMonth, firstOfWeek, firstOfWeekSql, firstOfYear } from './cover.ts';
import { COUNTRY, dayFacts, ONE_SNAPSHOT, ONE_THREAD, PLACES, stillTrue } from './facts.ts';

/** Which spans were not sealed, or not any more, at one moment. Days since 1970-01-01; weeks, months and years are their first days. */
export interface SealState {
  /** First and last business day with facts; undefined when there is none. */
  days?: { first: number; last: number };
  openDays: ReadonlySet<number>;
  /** Weeks of months ({@link firstOfWeekSql}): products have them, spans do not. */
  openWeeks: ReadonlySet<number>;
  openMonths: ReadonlySet<number>;
  openYears: ReadonlySet<number>;
  /** Rows of facts by business day: how much there is to compute where nothing is sealed. */
  facts: ReadonlyMap<number, number>;
  /** The hash of the facts of each day that is not open: what the state rests on. */
  hashes: ReadonlyMap<number, bigint>;
  /** A hash of what was sealed and of where branches were; by it and by the facts {@link stillTheSame} knows the state again. */
  seals: string;
}

const DAY = 1;
const MONTH = 2;
const YEAR = 3;
const WEEK = 4;

const openStarts = (level: number) =>
  `groupUniqArrayIf(toUInt16(facts.start), facts.level = ${level} AND NOT ${stillTrue('sealed', 'facts')})`;

/** What a state is of: the spans of the chain and each branch, or the products by branch and by country. */
export type SealedKind = 'spans' | 'products';

/** SQL for a hash of the parts of a table: another one whenever something was written to it. */
const partsOf = (table: string): string =>
  `(SELECT sum(cityHash64(name)) FROM system.parts WHERE active AND database = 'gold' AND table = '${table}')`;

/**
 * Sealed spans beside what they are spans of: those of the chain, and of products those of the countries. The rows of one span are
 * sealed together, so that those of the branches are true when these are.
 */
const KINDS = {
  spans: {
    levels: `(${DAY}, day), (${MONTH}, toStartOfMonth(day)), (${YEAR}, toStartOfYear(day))`,
    keys: '',
    country: "''",
    sealed: "SELECT *, '' AS country FROM gold.sealed_spans FINAL WHERE grain = 'whole' AND branch_id = ''",
    mark: partsOf('sealed_spans'),
  },
  products: {
    levels: `(${DAY}, day), (${WEEK}, ${firstOfWeekSql('day')}), (${MONTH}, toStartOfMonth(day))`,
    keys: ', branch_id',
    country: `toString(${COUNTRY})`,
    sealed: "SELECT * FROM gold.sealed_products FINAL WHERE branch_id = ''",
    mark: `${partsOf('sealed_products')} + ${PLACES}`,
  },
} as const;

const sql = (shopDay: string, { levels, keys, country, sealed, mark }: (typeof KINDS)[SealedKind]) => `
  SELECT
    toUInt32(countIf(facts.level = ${DAY})) AS days,
    minIf(toUInt16(facts.start), facts.level = ${DAY}) AS first,
    maxIf(toUInt16(facts.start), facts.level = ${DAY}) AS last,
    ${openStarts(DAY)} AS open_days, ${openStarts(WEEK)} AS open_weeks, ${openStarts(MONTH)} AS open_months, ${openStarts(YEAR)} AS open_years,
    sumMapIf([toUInt16(facts.start)], [facts.rows], [facts.hash], facts.level = ${DAY}) AS by_day,
    (by_day.1, by_day.2, arrayMap(hash -> toString(hash), by_day.3)) AS facts_by_day,
    toString(${mark}) AS seals
  FROM (
    SELECT span.1 AS level, span.2 AS start, of_country AS country, sum(day_rows) AS rows, sum(day_hash) AS hash
    FROM (
      SELECT day, ${country} AS of_country, rows AS day_rows, hash AS day_hash
      FROM (${dayFacts(`${shopDay} AS day${keys}`, `day${keys}`, '1')})
    )
    ARRAY JOIN [${levels}] AS span
    GROUP BY level, start, country
  ) AS facts
  LEFT JOIN (
    SELECT toUInt8(level) AS level, start, country, stored_count, stored_hash, merged_count, merged_hash
    FROM (${sealed} AND clock = '${clockOf(shopDay)}')
  ) AS sealed
    ON sealed.level = facts.level AND sealed.start = facts.start AND sealed.country = facts.country
  ${ONE_SNAPSHOT}, ${ONE_THREAD}`;

const byDayRow = z.tuple([z.array(z.int()), z.array(z.int()), z.array(z.string())]);
const row = z.object({
  days: z.int(),
  first: z.int(),
  last: z.int(),
  open_days: z.array(z.int()),
  open_weeks: z.array(z.int()),
  open_months: z.array(z.int()),
  open_years: z.array(z.int()),
  facts_by_day: byDayRow,
  seals: z.string(),
});

/** Compares all spans with their facts; costs as much as there are days, and of products countries. */
export const readSealState = async (
  clickhouse: ClickHouse,
  shopDay: string,
  of: SealedKind,
  signal?: AbortSignal,
): Promise<SealState> => {
  const found = await clickhouse.row({ name: `seal_state_${of}`, sql: sql(shopDay, KINDS[of]), row, signal });
  const { facts, hashes } = factsByDay(found.facts_by_day);
  const openDays = new Set(found.open_days);
  return {
    days: found.days === 0 ? undefined : { first: found.first, last: found.last },
    openDays,
    openWeeks: new Set(found.open_weeks),
    openMonths: new Set(found.open_months),
    openYears: new Set(found.open_years),
    facts,
    hashes: without(openDays, hashes),
    seals: found.seals,
  };
};

const factsByDay = ([days, rows, hashes]: z.output<typeof byDayRow>): Pick<SealState, 'facts' | 'hashes'> => ({
  facts: new Map(days.map((day, index) => [day, rows[index] ?? 0])),
  hashes: new Map(days.map((day, index) => [day, BigInt(hashes[index] ?? 0)])),
});

const without = (openDays: ReadonlySet<number>, hashes: SealState['hashes']): SealState['hashes'] =>
  new Map([...hashes].filter(([day]) => !openDays.has(day)));

/**
 * The state with those days open, and their weeks, months and years, whose facts are others by now, for a tenth of what it
 * costs to read it. A day that changed may be sealed again, or as before a merge: it is open here all the same. Undefined
 * when none has changed.
 */
export const withoutChanged = async (
  clickhouse: ClickHouse,
  shopDay: string,
  of: SealedKind,
  state: SealState,
): Promise<SealState | undefined> => {
  const { facts_by_day } = await clickhouse.row({
    name: `seal_state_${of}_days`,
    sql: `SELECT (groupArray(toUInt16(of_day)), groupArray(rows), groupArray(toString(hash))) AS facts_by_day
          FROM (${dayFacts(`${shopDay} AS of_day`, 'of_day', '1')}) ${ONE_SNAPSHOT}, ${ONE_THREAD}`,
    row: z.object({ facts_by_day: byDayRow }),
  });
  const { facts, hashes } = factsByDay(facts_by_day);
  const changed = [...new Set([...facts.keys(), ...state.hashes.keys()])].filter(
    (day) =>
      !state.openDays.has(day) &&
      (hashes.get(day) !== state.hashes.get(day) || facts.get(day) !== state.facts.get(day)),
  );
  if (changed.length === 0) return undefined;
  const also = (open: ReadonlySet<number>, first: (day: number) => number) => new Set([...open, ...changed.map(first)]);
  const openDays = also(state.openDays, (day) => day);
  const days = [...facts.keys()];
  return {
    days: days.length === 0 ? undefined : { first: Math.min(...days), last: Math.max(...days) },
    openDays,
    openWeeks: also(state.openWeeks, (day) => firstOfWeek(day)),
    openMonths: also(state.openMonths, (day) => firstOfMonth(day)),
    openYears: also(state.openYears, (day) => firstOfYear(day)),
    facts,
    hashes: without(openDays, hashes),
    // Another one than any that is read: the next comparison reads what is sealed again.
    seals: '',
  };
};

const markRow = z.object({ open_day: z.int(), rows: z.int(), hash: z.string(), seals: z.string() });

/**
 * The state with what has come in on its open days since, when nothing else has changed: for a tenth of what it costs to
 * read it. Undefined when something has.
 */
export const stillTheSame = async (
  clickhouse: ClickHouse,
  shopDay: string,
  of: SealedKind,
  state: SealState,
): Promise<SealState | undefined> => {
  const day = `toUInt16(${shopDay})`;
  const found = await clickhouse.rows({
    name: `seal_state_${of}_mark`,
    sql: `SELECT open_day, rows, toString(hash) AS hash, toString(${KINDS[of].mark}) AS seals
          FROM (${dayFacts(`if(${day} IN {open_days:Array(UInt16)}, ${day}, 0) AS open_day`, 'open_day', '1')})
          ${ONE_SNAPSHOT}, ${ONE_THREAD}`,
    params: { open_days: [...state.openDays] },
    row: markRow,
  });
  const others = found.find(({ open_day }) => open_day === 0);
  if ((others?.hash ?? '0') !== added(state.hashes) || found.some(({ seals }) => seals !== state.seals))
    return undefined;
  const open = found.filter(({ open_day }) => open_day !== 0).map(({ open_day, rows }) => [open_day, rows] as const);
  return { ...state, facts: new Map([...state.facts, ...open]) };
};

/** Hashes as ClickHouse adds them up: with wrap-around. */
const added = (hashes: SealState['hashes']): string => {
  let sum = 0n;
  for (const hash of hashes.values()) sum += hash;
  return String(BigInt.asUintN(64, sum));
};
