import { dateOf, type Level, type Span } from '../../calendar/spans.ts';
import { chunked, IN_BACKGROUND, type SealContext, sealedAt } from '../context.ts';
import { countryOf, days, instants, texts } from './literals.ts';
import { DATE_OF, INTO_SPANS, productColumns, SOLD } from './spans-sql.ts';

/** The level that a longer one is folded from. */
export const PART_OF = { week: 'day', month: 'week', year: 'month' } as const satisfies Partial<Record<Level, Level>>;
export type FoldedLevel = keyof typeof PART_OF;

/** The figures of several spans `part` together, by `f_scope`, `f_place`, `f_start` and `f_first_day`. */
const FOLDED = `
      sum(part.facts_hash) AS f_facts, sum(part.purchases) AS f_purchases, sum(part.items) AS f_items, sum(part.revenue_minor) AS f_revenue,
      sum(part.gross_minor) AS f_gross, sum(part.discount_minor) AS f_discount, sum(part.returned_minor) AS f_returned, sum(part.returns) AS f_returns,
      max(part.newest) AS f_newest, groupBitmapMergeState(part.customers) AS f_customers,
      sumForEachMap(part.breakdown) AS f_breakdown,
      sumForEachMap(mapFromArrays(part.product_ids, arrayMap(
        (units, revenue, purchases, baskets) -> [toInt64(units), revenue, toInt64(purchases), baskets],
        part.product_units, part.product_revenue_minor, part.product_purchases, part.product_baskets_minor))) AS ${SOLD}`;

/** Customers of products, where the parts tell them. */
const BUYERS =
  'groupBitmapMergeStateMap(mapFromArrays(if(empty(part.product_customers), [], part.product_ids), part.product_customers)) AS f_buyers';

const HOURS = ['purchases', 'items', 'revenue_minor'] as const;

const insertColumns = (context: SealContext, level: Level, keepCustomers: boolean, hours: number): string => `
    {clock:String}, '${level}', f_scope, f_place, f_start, toDate(f_first_day), 0, 0, f_facts, f_purchases, f_items, f_revenue,
    f_gross, f_discount, f_returned, f_returns, f_newest, f_customers, f_breakdown,
    ${productColumns({ bitmaps: 'mapValues(f_buyers)', keep: keepCustomers })},
    ${HOURS.map((figure) => (hours === 0 ? '[]' : `arrayResize(f_hour_${figure}, ${hours})`)).join(', ')},
    ${sealedAt(context)}`;

/** Branches together: each country and the chain. A branch that the catalog does not know has the country ''. */
const acrossSql = (
  context: SealContext,
  level: 'slot' | 'day',
  starts: readonly number[],
  countries: ReadonlyMap<string, string>,
  folded: Iterable<string>,
): string => `
  SELECT ${insertColumns(context, level, true, level === 'day' ? 24 : 0)}
  FROM (
    SELECT whose.1 AS f_scope, whose.2 AS f_place, part.start AS f_start, any(part.first_day) AS f_first_day, ${FOLDED},
      groupBitmapMergeStateMap(mapFromArrays(if(f_scope = 'chain', [], part.product_ids), if(f_scope = 'chain', arraySlice(part.product_customers, 1, 0), part.product_customers))) AS f_buyers,
      ${HOURS.map((figure) => `sumForEach(part.hour_${figure}) AS f_hour_${figure}`).join(', ')}
    FROM (
      SELECT *, ${countryOf(countries)} AS country,
        arrayJoin(arrayConcat(if(has(${texts(folded)}, country), [('country', country)], []), [('chain', '')])) AS whose
      FROM sealed.spans FINAL
      WHERE clock = {clock:String} AND level = '${level}' AND scope = 'branch' AND start IN ${instants(starts)}
    ) AS part
    GROUP BY f_scope, f_place, f_start
  )
  SETTINGS ${IN_BACKGROUND}`;

/** A longer span of one place: a branch, a country, or '' for the chain; absent: of every place that has a part of it. */
export interface Fold {
  span: Span;
  place?: string;
}

/** Shorter spans as longer ones, of each place for itself. */
const upSql = (context: SealContext, level: FoldedLevel, folds: readonly Fold[]): string => {
  const spans = [...new Map(folds.map(({ span }) => [span.start, span])).values()];
  const dates = spans.map(({ firstDay }) => dateOf(level, firstDay));
  const of = (values: string, otherwise: string) =>
    `transform(toUInt16(${DATE_OF[level]}), ${days(dates)}, ${values}, ${otherwise})`;
  const whole = folds.flatMap(({ span, place }) => (place === undefined ? [dateOf(level, span.firstDay)] : []));
  const named = folds.flatMap(({ span, place }) =>
    place === undefined ? [] : [{ date: dateOf(level, span.firstDay), place }],
  );
  const places = texts(new Set(named.map(({ place }) => place)));
  const starts = instants(spans.map(({ start }) => start / 1000));
  const firstDays = days(spans.map(({ firstDay }) => firstDay));
  return `
  SELECT ${insertColumns(context, level, level === 'week', 168)}
  FROM (
    SELECT part.scope AS f_scope, part.place AS f_place, ${of(starts, "toDateTime(0, 'UTC')")} AS f_start,
      ${of(firstDays, 'toUInt16(0)')} AS f_first_day, ${FOLDED}, ${BUYERS},
      ${HOURS.map(
        (figure) =>
          `sumForEach(${level === 'week' ? `arrayConcat(arrayWithConstant((toDayOfWeek(part.first_day) - 1) * 24, ${figure === 'revenue_minor' ? 'toInt64(0)' : 'toUInt64(0)'}), part.hour_${figure})` : `part.hour_${figure}`}) AS f_hour_${figure}`,
      ).join(', ')}
    FROM sealed.spans AS part FINAL
    WHERE part.clock = {clock:String} AND part.level = '${PART_OF[level]}'${whole.length === 0 ? ` AND part.place IN ${places}` : ''}
      AND part.start >= {start:DateTime('UTC')} AND part.start < {end:DateTime('UTC')}
      AND (toUInt16(${DATE_OF[level]}) IN ${days(whole)} OR (toUInt16(${DATE_OF[level]}), toString(part.place)) IN
        arrayZip(${days(named.map(({ date }) => date))}, ${texts(named.map(({ place }) => place))}))
    GROUP BY f_scope, f_place, f_start, f_first_day
  )
  SETTINGS ${IN_BACKGROUND}`;
};

/** Days to fold across, and spans of places to fold up, by one statement. */
const DAYS_AT_ONCE = 31;
const FOLDS_AT_ONCE = 300;

/**
 * Seals countries (those of `folded`) and the chain, from what is sealed of their branches.
 *
 * @param starts in seconds since 1970
 * @param countries where each branch is
 */
export const foldAcross = async (
  context: SealContext,
  level: 'slot' | 'day',
  starts: readonly number[],
  countries: ReadonlyMap<string, string>,
  folded: Iterable<string>,
): Promise<void> => {
  const { clickhouse, clock, signal } = context;
  for (const some of chunked(starts, level === 'day' ? DAYS_AT_ONCE : 200)) {
    signal?.throwIfAborted();
    await clickhouse.insertSelect({
      name: `fold_${level}s_across`,
      table: INTO_SPANS,
      select: acrossSql(context, level, some, countries, folded),
      params: { clock },
    });
  }
};

/** Seals weeks, months or years of some places from what is sealed of their parts. */
export const foldUp = async (context: SealContext, level: FoldedLevel, folds: readonly Fold[]): Promise<void> => {
  const { clickhouse, clock, signal } = context;
  const inOrder = [...folds].sort((a, b) => a.span.start - b.span.start);
  for (const some of chunked(inOrder, FOLDS_AT_ONCE)) {
    signal?.throwIfAborted();
    await clickhouse.insertSelect({
      name: `fold_${level}s`,
      table: INTO_SPANS,
      select: upSql(context, level, some),
      params: {
        clock,
        start: Math.min(...some.map(({ span }) => span.start)) / 1000,
        end: Math.max(...some.map(({ span }) => span.end)) / 1000,
      },
    });
  }
};
