import { FACT_HASH } from '../../schema/fact-hash.ts';
import { chunked, DAY_MS, IN_BACKGROUND, type Place, type SealContext } from '../context.ts';
import { days, instants, texts } from './literals.ts';
import { INTO_SPANS, productColumns, SOLD } from './spans-sql.ts';

/** Rows to seal by one statement: a few seconds of work at most. */
const AT_ONCE = { slot: 2_000, day: 400 };

/**
 * Of every purchase what counts, with how often and with which hashes it is stored. One read of the table tells both, so that a row of
 * `sealed` always carries the fingerprint of the very facts that it sums.
 */
const latest = (where: string): string => `
    SELECT slot, branch_id, count() AS stored, sum(hash) AS hashes,
      argMax((hash, status = 'recorded', units, total_minor, sold_at, customer_number, product_ids, quantities, unit_prices_minor), version) AS fact
    FROM (SELECT *, ${FACT_HASH} AS hash FROM silver.purchases WHERE ${where})
    GROUP BY slot, branch_id, purchase_id`;

/** By hour of the shop's clock: as many zeros as hours before the fact's, then its figure. */
const byHour = (figure: string, name: string): string => `
      sumForEachIf(arrayConcat(arrayWithConstant(toHour(toTimezone(slot, {time_zone:String})), toInt64(0)), [toInt64(${figure})]), fact.2) AS ${name}`;

/** The figures of facts by `start` and branch. A customer number of 0 is a sale without a card. */
const figures = (start: string, hours: boolean, where: string): string => `
    SELECT ${start} AS start, branch_id, sum(stored) AS rows, sum(hashes) AS hash,
      sumIf(fact.1, fact.2) AS f_facts, countIf(fact.2) AS f_purchases, sumIf(fact.3, fact.2) AS f_items, sumIf(fact.4, fact.2) AS f_revenue,
      maxIf(fact.5, fact.2) AS f_newest,
      arrayReduce('groupBitmapState', arraySort(groupArrayIf(fact.6, fact.2 AND fact.6 != 0))) AS f_customers,
      sumForEachMapIf(mapFromArrays(fact.7, arrayMap(
        (quantity, price, nth) -> [toInt64(quantity), toInt64(quantity * price), toInt64(nth = 1), if(nth = 1, fact.4, 0)],
        fact.8, fact.9, arrayEnumerateUniq(fact.7))), fact.2) AS ${SOLD},
      groupArrayMapIf(mapFromArrays(fact.7, arrayMap(product -> fact.6, fact.7)), fact.2) AS f_buyers${
        hours
          ? `,${byHour('1', 'f_hour_purchases')},${byHour('fact.3', 'f_hour_items')},${byHour('fact.4', 'f_hour_revenue')}`
          : ''
      }
    FROM (${latest(where)})
    GROUP BY start, branch_id`;

const BUYERS = `arrayMap(
      numbers -> arrayReduce('groupBitmapState', arraySort(arrayFilter(number -> number != 0, numbers))), mapValues(f_buyers))`;

interface Row {
  /** Seconds since 1970. */
  start: number;
  /** Days since 1970. */
  day: number;
  branch: string;
}

const sealSql = (level: 'slot' | 'day', rows: readonly Row[], { shopDay, calendar }: SealContext): string => {
  const slots = level === 'slot';
  const firstDays = [...new Set(rows.map(({ day }) => day))];
  const start = slots
    ? 'slot'
    : `transform(toUInt16(${shopDay}), ${days(firstDays)}, ${instants(firstDays.map((day) => calendar.dayStart(day) / 1000))}, toDateTime(0, 'UTC'))`;
  const branches = texts(rows.map(({ branch }) => branch));
  const where = slots
    ? `(slot, branch_id) IN arrayZip(${instants(rows.map((row) => row.start))}, ${branches})`
    : `toUInt16(toDate(slot)) IN ${days(datesOf(firstDays, calendar))}
        AND (toUInt16(${shopDay}), branch_id) IN arrayZip(${days(rows.map(({ day }) => day))}, ${branches})`;
  const starts = [...new Map(rows.map((row) => [row.start, row.day]))];
  const firstDay = `toDate(transform(start, ${instants(starts.map(([at]) => at))}, ${days(starts.map(([, day]) => day))}, toUInt16(0)))`;
  const hours = ['purchases', 'items', 'revenue'].map((figure) => (slots ? '[]' : `arrayResize(f_hour_${figure}, 24)`));
  return `
  SELECT {clock:String}, '${level}', 'branch', branch_id, start, ${firstDay},
    rows, hash, f_facts, f_purchases, f_items, f_revenue, f_newest, f_customers,
    ${productColumns({ bitmaps: BUYERS, keep: true })},
    ${hours.join(', ')}
  FROM (${figures(start, !slots, where)})
  SETTINGS ${IN_BACKGROUND}, optimize_use_projections = 0`;
};

/** Slots of branches as they are now, from the facts. */
export const sealSlots = async (context: SealContext, slots: readonly Place[]): Promise<void> => {
  const { calendar } = context;
  const rows = slots.map(({ at, branch }) => ({ start: at, day: calendar.dayOf(at * 1000), branch }));
  await seal(context, 'slot', rows);
};

/** Business days of branches as they are now, from the facts. */
export const sealDays = async (context: SealContext, places: readonly Place[]): Promise<void> => {
  const { calendar } = context;
  const rows = places.map(({ at, branch }) => ({ start: calendar.dayStart(at) / 1000, day: at, branch }));
  await seal(context, 'day', rows);
};

const seal = async (context: SealContext, level: 'slot' | 'day', rows: readonly Row[]): Promise<void> => {
  const { clickhouse, calendar, clock, signal } = context;
  for (const some of chunked(rows, AT_ONCE[level])) {
    signal?.throwIfAborted();
    await clickhouse.insertSelect({
      name: `seal_${level}s`,
      table: INTO_SPANS,
      select: sealSql(level, some, context),
      params: { clock, ...(level === 'day' ? { time_zone: calendar.timeZone } : {}) },
    });
  }
};

/** The dates in UTC which some business days meet, for the index. */
const datesOf = (shopDays: readonly number[], calendar: SealContext['calendar']): number[] => {
  const dates = new Set<number>();
  for (const day of shopDays) {
    const last = Math.floor((calendar.dayStart(day + 1) - 1) / DAY_MS);
    for (let date = Math.floor(calendar.dayStart(day) / DAY_MS); date <= last; date++) dates.add(date);
  }
  return [...dates];
};
