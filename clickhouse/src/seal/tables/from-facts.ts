import { FACT_HASH } from '../../schema/fact-hash.ts';
import { breakdownOf, IS_SALE, soldOf } from '../../schema/fact-sums.ts';
import { chunkedByWeight, DAY_MS, IN_BACKGROUND, type Place, type SealContext, sealedAt } from '../context.ts';
import { days, instants, texts } from './literals.ts';
import { INTO_SPANS, productColumns, SOLD } from './spans-sql.ts';

/** To seal by one statement: so many rows at most, of so many facts. Two seconds of work, some ten on a busy machine. */
const MOST_ROWS = { slot: 2_000, day: 400 };
const MOST_FACTS = 200_000;

/** What is read of a fact, by the name under which it is summed. */
const READ_OF_FACT = [
  ...['hash', 'units', 'gross_minor', 'discount_minor', 'total_minor', 'sold_at', 'customer_number'],
  ...['product_ids', 'quantities', 'line_totals_minor'],
  ...['channel', 'cashier', 'tender_types', 'tender_amounts_minor'],
];

/**
 * Of every purchase or return what counts, with how often and with which hashes it is stored. One read of the table tells both, so that a
 * row of `sealed` always carries the fingerprint of the very facts that it sums.
 */
const latest = (where: string): string => `
    SELECT slot, branch_id, stored, hashes, fact.1 AS counts, fact.2 AS is_sale,
      ${READ_OF_FACT.map((name, index) => `fact.${index + 3} AS ${name}`).join(', ')}
    FROM (
      SELECT slot, branch_id, count() AS stored, sum(hash) AS hashes,
        argMax((status = 'recorded', ${IS_SALE}, ${READ_OF_FACT.join(', ')}), version) AS fact
      FROM (SELECT *, ${FACT_HASH} AS hash FROM silver.purchases WHERE ${where})
      GROUP BY slot, branch_id, purchase_id
    )`;

/** By hour of the shop's clock: as many zeros as hours before the fact's, then its figure. */
const byHour = (figure: string, name: string): string => `
      sumForEachIf(arrayConcat(arrayWithConstant(toHour(toTimezone(slot, {time_zone:String})), toInt64(0)), [toInt64(${figure})]), counts) AS ${name}`;

/** The figures of facts by `start` and branch. A customer number of 0 is a sale without a card. */
const figures = (start: string, hours: boolean, where: string): string => `
    SELECT ${start} AS start, branch_id, sum(stored) AS f_rows, sum(hashes) AS f_hash,
      sumIf(hash, counts) AS f_facts, countIf(counts AND is_sale) AS f_purchases, sumIf(units, counts) AS f_items, sumIf(total_minor, counts) AS f_revenue,
      sumIf(gross_minor, counts) AS f_gross, sumIf(discount_minor, counts) AS f_discount,
      -sumIf(total_minor, counts AND NOT is_sale) AS f_returned, countIf(counts AND NOT is_sale) AS f_returns, maxIf(sold_at, counts) AS f_newest,
      arrayReduce('groupBitmapState', arraySort(groupArrayIf(customer_number, counts AND is_sale AND customer_number != 0))) AS f_customers,
      sumForEachMapIf(${breakdownOf('is_sale')}, counts) AS f_breakdown,
      sumForEachMapIf(${soldOf({ baskets: true, isSale: 'is_sale' })}, counts) AS ${SOLD},
      groupArrayMapIf(mapFromArrays(product_ids, arrayMap(product -> if(is_sale, customer_number, 0), product_ids)), counts) AS f_buyers${
        hours
          ? `,${byHour('is_sale', 'f_hour_purchases')},${byHour('units', 'f_hour_items')},${byHour('total_minor', 'f_hour_revenue')}`
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
  /** Rows of silver.purchases in it. */
  facts: number;
}

const sealSql = (level: 'slot' | 'day', rows: readonly Row[], context: SealContext): string => {
  const { shopDay, calendar } = context;
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
    f_rows, f_hash, f_facts, f_purchases, f_items, f_revenue, f_gross, f_discount, f_returned, f_returns, f_newest, f_customers, f_breakdown,
    ${productColumns({ bitmaps: BUYERS, keep: true })},
    ${hours.join(', ')}, ${sealedAt(context)}
  FROM (${figures(start, !slots, where)})
  SETTINGS ${IN_BACKGROUND}, optimize_use_projections = 0`;
};

/** Slots of branches as they are now, from the facts. */
export const sealSlots = async (context: SealContext, slots: readonly Place[]): Promise<void> => {
  const { calendar } = context;
  const rows = slots.map(({ at, branch, facts }) => ({ start: at, day: calendar.dayOf(at * 1000), branch, facts }));
  await seal(context, 'slot', rows);
};

/** Business days of branches as they are now, from the facts. */
export const sealDays = async (context: SealContext, places: readonly Place[]): Promise<void> => {
  const { calendar } = context;
  const rows = places.map(({ at, branch, facts }) => ({ start: calendar.dayStart(at) / 1000, day: at, branch, facts }));
  await seal(context, 'day', rows);
};

const seal = async (context: SealContext, level: 'slot' | 'day', rows: readonly Row[]): Promise<void> => {
  const { clickhouse, calendar, clock, signal } = context;
  const weightOf = ({ facts }: Row) => Math.max(facts, MOST_FACTS / MOST_ROWS[level]);
  for (const some of chunkedByWeight(rows, weightOf, MOST_FACTS)) {
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
