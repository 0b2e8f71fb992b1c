import { FACT_HASH } from '../../schema/fact-hash.ts';
import { breakdownOf, IS_SALE, soldOf, sumsOfFacts } from '../../schema/fact-sums.ts';
import { chunkedByWeight, DAY_MS, IN_BACKGROUND, type Place, type SealContext, sealedAt } from '../context.ts';
import { days, instants, texts } from './literals.ts';
import { INTO_SPANS, productColumns, SOLD } from './spans-sql.ts';

/** To seal by one statement: so many rows at most, of so many facts. Two seconds of work, some ten on a busy machine. */
const MOST_ROWS = { slot: 2_000, day: 400 };
const MOST_FACTS = 200_000;

/**
 * Every stored row with its hash, and whether it counts: the newest version of what was sold or came back, unless it is void. One read of the
 * table tells both, so that a row of `sealed` always carries the fingerprint of the very facts that it sums. By `argMax`
 * of a tuple with arrays the whole statement took three times as long.
 */
const facts = (where: string): string => `
    SELECT *, status = 'recorded' AND nth = 1 AS counts
    FROM (
      SELECT *, ${FACT_HASH} AS hash, row_number() OVER (PARTITION BY slot, branch_id, purchase_id ORDER BY version DESC) AS nth
      FROM silver.purchases WHERE ${where}
    )`;

/** By hour of the shop's clock: as many zeros as hours before the fact's, then its figure. */
const byHour = (figure: string, name: string): string => `
      sumForEachIf(arrayConcat(arrayWithConstant(toHour(toTimezone(slot, {time_zone:String})), toInt64(0)), [toInt64(${figure})]), counts) AS ${name}`;

/** The figures of facts by `start` and branch. A customer number of 0 is a sale without a card. */
const figures = (start: string, hours: boolean, where: string): string => `
    SELECT ${start} AS start, branch_id, count() AS f_rows, sum(hash) AS f_hash, sumIf(hash, counts) AS f_facts,
      ${Object.entries(sumsOfFacts('counts'))
        .map(([name, sum]) => `${sum} AS f_${name}`)
        .join(', ')},
      arrayReduce('groupBitmapState', arraySort(groupArrayIf(customer_number, counts AND ${IS_SALE} AND customer_number != 0))) AS f_customers,
      sumForEachMapIf(${breakdownOf()}, counts) AS f_breakdown,
      sumForEachMapIf(${soldOf({ baskets: true })}, counts) AS ${SOLD},
      groupArrayMapIf(mapFromArrays(product_ids, arrayMap(product -> if(${IS_SALE}, customer_number, 0), product_ids)), counts) AS f_buyers${
        hours
          ? `,${byHour(IS_SALE, 'f_hour_purchases')},${byHour('units', 'f_hour_items')},${byHour('total_minor', 'f_hour_revenue')}`
          : ''
      }
    FROM (${facts(where)})
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
    f_rows, f_hash, f_facts, ${Object.keys(sumsOfFacts('counts'))
      .map((name) => `f_${name}`)
      .join(', ')}, f_customers, f_breakdown,
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
