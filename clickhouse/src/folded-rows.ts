import { clickhouseTime } from './clickhouse-time.ts';
import { type Cover, coverOf } from './cover.ts';
import {
  COLUMNS,
  type ExactRows,
  hourOf,
  isOpen,
  ofFacts,
  openFacts,
  openParams,
  type RowsOptions,
  scopeParams,
} from './exact-rows.ts';
import {
  allFacts,
  CUSTOMERS_OF_FACTS,
  FACT_HASH,
  FIGURES,
  FOLDED_FIGURES,
  notAmong,
  SOLD_OF_FACTS,
  SUMS_OF_FACTS,
  soldOf,
  UNPACKED,
  UNPACKED_HOUR,
} from './facts.ts';
import type { FoldStatements, Statement } from './folds.ts';
import { coverParams, listOf, notOpen, ofBranch, onDays, spanRows } from './sealed-rows.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/**
 * Rows of gold.folded_scopes: the figures of some sealed spans together, and perhaps of what was sold on the open days of a scope beside
 * them, with the fingerprint of the facts that they are of.
 */
export interface Fold {
  id: string;
  /** How many rows it has. */
  rows: number;
  /** The fingerprint of all its facts, as decimal digits: it may be larger than a number can be. */
  count: string;
  hash: string;
  /** When the last fact of its spans was recorded (ms since 1970), or later: what is recorded after it came late. */
  recorded: number;
  /** Of days that are open it has what was recorded until then (ms since 1970); absent: nothing. */
  running?: number;
}

/** Columns of an answer that say whether a fold and the facts beside it were all there is; see {@link isWhole}. */
export const PRINTS =
  'sum(print_rows) AS prints_rows, toString(sum(print_hash)) AS prints_hash, toUInt32(sum(fold_row)) AS fold_rows';

export interface Prints {
  prints_rows: number;
  prints_hash: string;
  fold_rows: number;
}

/** Whether {@link PRINTS} of all rows of an answer say that the fold and the facts beside it were all there is, each fact once. */
export const isWhole = ({ count, hash, rows }: Fold, prints: readonly Prints[]): boolean => {
  const sum = (of: (print: Prints) => number | string) => prints.reduce((all, print) => all + BigInt(of(print)), 0n);
  return (
    sum((print) => print.prints_rows) + BigInt(count) === 0n &&
    BigInt.asUintN(64, sum((print) => print.prints_hash) + BigInt(hash)) === 0n &&
    sum((print) => print.fold_rows) === BigInt(rows)
  );
};

/** Which figures a question asks for beside the sums: what is not asked for need not be planned. */
export interface Wanted {
  customers: boolean;
  products: boolean;
}

/**
 * SQL of the rows `name` for a question that tells apart what the fold does: those of the fold, of all facts that are not in it, and one
 * without figures that takes the fingerprint of all facts there are off those of the others. An answer that adds them up carries its
 * proof: {@link PRINTS} and the fingerprint of the fold must make nothing. A proof of its own would be another statement to plan.
 * Columns: what the question tells apart, purchases, items, revenue_minor, newest; customers and `sold` ({@link soldOf}) where they are
 * wanted; and what {@link PRINTS} adds up.
 */
export const foldedRows = (
  cover: Cover,
  options: RowsOptions,
  fold: Fold,
  wanted: Wanted,
): Pick<ExactRows, 'ctes' | 'params'> => {
  const { name } = options;
  const keys = keysOf(options);
  const columns = (sums: string, customers: string, sold: string, prints: string) =>
    [sums, ...(wanted.customers ? [customers] : []), ...(wanted.products ? [sold] : []), prints].join(', ');
  const ofFold = columns(
    'purchases, items, revenue_minor, newest',
    'customers',
    `${soldOf('')} AS sold`,
    'toInt64(0) AS print_rows, toUInt64(0) AS print_hash, 1 AS fold_row',
  );
  const added = columns(
    SUMS_OF_FACTS,
    CUSTOMERS_OF_FACTS,
    SOLD_OF_FACTS,
    'sum(fact.print_rows) AS print_rows, sum(fact.print_hash) AS print_hash, 0 AS fold_row',
  );
  const facts = [
    newestFacts(options, fold, wanted),
    ...(fold.running === undefined && cover.openDays.length > 0
      ? [
          `SELECT ${factColumns(wanted).join(', ')}, toInt64(0) AS print_rows, toUInt64(0) AS print_hash FROM ${openFacts(options)}`,
        ]
      : []),
  ];
  const nothing = columns(
    "toUInt64(0), toUInt64(0), toInt64(0), toDateTime64(0, 3, 'UTC')",
    "arrayReduce('groupBitmapState', emptyArrayUInt32())",
    "CAST(map(), 'Map(LowCardinality(String), Array(Int64))')",
    '-toInt64(rows), toUInt64(0 - hash), 0',
  );
  const parts = [
    `SELECT ${[...keys.map(({ name }) => name), ofFold].join(', ')} FROM gold.folded_scopes WHERE fold = {${name}_fold:UUID}`,
    `SELECT ${[...keys.map(({ name, ofFact }) => `${ofFact} AS ${name}`), added].join(', ')}
     FROM (${facts.join(' UNION ALL ')}) AS fact${keys.length === 0 ? '' : ` GROUP BY ${keys.map(({ name }) => name).join(', ')}`}`,
    `SELECT ${[...keys.map(({ none }) => none), nothing].join(', ')}
     FROM (${factsBeside(options, fold)})`,
  ];
  return { ctes: `${name} AS (${parts.join('\nUNION ALL\n')})`, params: besideParams(cover, options, fold) };
};

/** The parameters of a fold and of the facts beside it. */
export const besideParams = (cover: Cover, options: RowsOptions, fold: Fold): Statement['params'] => {
  const { name } = options;
  const { recorded, running = recorded } = fold;
  return {
    ...scopeParams(options),
    ...coverParams(cover, options),
    ...openParams(cover, options),
    [`${name}_fold`]: fold.id,
    [`${name}_begins`]: clickhouseTime(cover.begins),
    [`${name}_ends`]: clickhouseTime(cover.ends),
    [`${name}_since`]: clickhouseTime(Math.min(recorded, running)),
    [`${name}_recorded`]: clickhouseTime(recorded),
    [`${name}_running`]: clickhouseTime(running),
  };
};

/** SQL of the fingerprint of all facts that a fold and those beside it must be. */
export const factsBeside = (options: RowsOptions, { running }: Fold): string =>
  allFacts(running === undefined ? notOpen(options) : onDays(options));

/** What a fold tells apart: the column, SQL for it of a fact, and its value in no row. */
const keysOf = (options: RowsOptions): { name: string; ofFact: string; none: string }[] => [
  ...(options.byBranch ? [{ name: 'branch_id', ofFact: 'fact.branch_id', none: "toLowCardinality('')" }] : []),
  ...(options.byWeekday
    ? [{ name: 'weekday', ofFact: `toUInt8(toDayOfWeek(${options.shopDay}))`, none: 'toUInt8(0)' }]
    : []),
  ...(options.byHour ? [{ name: 'hour', ofFact: hourOf(options, 'fact.slot'), none: 'toInt8(-1)' }] : []),
];

/** The columns of silver.purchases that the wanted figures are made of. */
const factColumns = ({ customers, products }: Wanted): string[] => [
  ...'slot, branch_id, status, sold_at, total_minor, units'.split(', '),
  ...(customers ? ['customer_number'] : []),
  ...(products ? ['product_ids', 'quantities', 'unit_prices_minor'] : []),
];

/**
 * The facts of a scope's days that are not in a fold, each purchase as its newest version says, with the fingerprint of all that is stored of
 * it: all versions of a purchase are recorded at the same moment, so none of them is in the fold. A sale of those days that is not in the
 * scope counts as none.
 */
export const newestFacts = (options: RowsOptions, { recorded, running }: Fold, wanted: Wanted): string => {
  const { name, shopDay } = options;
  const moment = (which: string) => `{${name}_${which}:DateTime64(3, 'UTC')}`;
  const notListed = notAmong(listOf(options)('open_days'), shopDay);
  const which =
    running === undefined
      ? `AND ${notListed}`
      : running === recorded
        ? ''
        : `AND recorded_at > if(${notListed}, ${moment('recorded')}, ${moment('running')})`;
  const [, , ...columns] = factColumns(wanted);
  const newest = columns.map((column, index) =>
    column === 'status'
      ? `if(newest.2 >= ${moment('from')} AND newest.2 < ${moment('to')}, newest.1, 'voided') AS status`
      : `newest.${index + 1} AS ${column}`,
  );
  // The key is searched by a range of slots; by a list of days it would be searched bit by bit.
  return `SELECT slot, branch_id, ${newest.join(', ')}, print_rows, print_hash
     FROM (
       SELECT slot, branch_id, argMax((${columns.join(', ')}), version) AS newest, toInt64(count()) AS print_rows, sum(${FACT_HASH}) AS print_hash
       FROM silver.purchases
       WHERE recorded_at > ${moment('since')} AND slot >= ${moment('begins')} AND slot < ${moment('ends')} ${which} ${ofBranch(options)}
       GROUP BY slot, branch_id, purchase_id
     )`;
};

/** The rows of a fold with the columns of other rows; `day` tells no more than the weekday, and `slot` nothing. */
const rowsOf = (fold: string): string =>
  `SELECT toDate(if(weekday = 0, 0, weekday + ${BEFORE_A_MONDAY})) AS day, toDateTime(0, 'UTC') AS slot, hour, branch_id, ${FIGURES}
   FROM gold.folded_scopes WHERE fold = ${fold}`;

/** Days since 1970-01-01, a Thursday, to the Sunday before the first Monday. */
const BEFORE_A_MONDAY = 3;

const FOLD_COLUMNS = `fold, branch_id, hour, weekday, facts_count, facts_hash, recorded_until, ${FIGURES}`;

/** SQL of `rows` put together to those of a fold. Nobody asks for products by hour. */
const folded = (
  { byHour, byWeekday }: RowsOptions,
  { rows, print, recorded }: { rows: string; print: string; recorded: string },
): string => `
      SELECT {fold:UUID}, of_branch, of_hour, of_weekday, print.1, print.2, ${recorded}, ${byHour ? UNPACKED_HOUR : UNPACKED} FROM (
        SELECT part.branch_id AS of_branch, part.hour AS of_hour, ${byWeekday ? 'toDayOfWeek(part.day)' : '0'} AS of_weekday,
          ${print} AS print, ${FOLDED_FIGURES}
        FROM ${rows} AS part GROUP BY of_branch, of_hour, of_weekday)`;

/** What the statements of folds of spans share: the fingerprint of their facts, and when the last of these was recorded. */
export const spansParts = (options: RowsOptions, rows: string) => {
  // Hardly anything is recorded before it is sold: what was recorded last is near.
  const newest = `(SELECT max(newest) FROM ${rows})`;
  return {
    print: `(SELECT (rows, hash) FROM (${allFacts(notOpen(options))}))`,
    recorded: `greatest(${newest}, (SELECT max(recorded_at) FROM silver.purchases WHERE recorded_at > ${newest} AND ${notOpen(options)}))`,
  };
};

/** Folds gold.sealed_spans. */
const foldSpans: FoldStatements['ofSpans'] = (cover, options, { id }) => {
  const { name } = options;
  const spans = spanRows(cover, options);
  const parts = spansParts(options, `${name}_sealed`);
  return {
    sql: `WITH ${spans.cte} ${folded(options, { rows: `${name}_sealed`, ...parts })}`,
    params: { ...scopeParams(options), ...spans.params, fold: id },
  };
};

/**
 * SQL of the moment `until` (ms since 1970) after which so many facts of the open days of a scope were recorded, or a few more, and all of
 * those of the last seconds.
 */
export const settledUntil = (
  cover: Cover,
  options: RowsOptions,
  leftOut: { facts: number; ms: number },
): Statement => ({
  sql: `SELECT least(max(recorded) - {left_out_ms:Int64}, arrayElement(arrayReverseSort(groupArray(recorded)), {left_out:UInt32})) - 1 AS until
        FROM (SELECT toUnixTimestamp64Milli(recorded_at) AS recorded FROM silver.purchases WHERE ${isOpen(options)} ${ofBranch(options)})`,
  params: { ...scopeParams(options), ...openParams(cover, options), left_out: leftOut.facts, left_out_ms: leftOut.ms },
});

const foldRunning: FoldStatements['running'] = (cover, options, made) => {
  const { range, isOfUse, params, ...parts } = runningParts(cover, options, made);
  const facts = `SELECT ${COLUMNS} FROM (${ofFacts(options, [`${openFacts(options)} AND ${range}`])})`;
  const rows =
    made.base === undefined
      ? facts
      : `${rowsOf('{base:UUID}')} AND ${isThere('gold.folded_scopes')} UNION ALL ${facts}`;
  return { sql: folded(options, { rows: `(SELECT * FROM (${rows}) WHERE ${isOfUse})`, ...parts }), params };
};

/** SQL that fails when a row of the fold is gone that another one is made of. */
export const isThere = (table: string): string =>
  `(SELECT throwIf(count() != {base_rows:UInt64}, 'a fold is gone') FROM ${table} WHERE fold = {base:UUID}) = 0`;

/** What the statements of running folds share: which facts are added, the fingerprint of these and the fold, and whether it would be of use. */
export const runningParts = (
  cover: Cover,
  options: RowsOptions,
  { base, until, id }: Parameters<FoldStatements['running']>[2],
) => {
  const range = `recorded_at <= {added_until:DateTime64(3, 'UTC')}`;
  const ofOpenDays = `FROM silver.purchases WHERE ${isOpen(options)} ${ofBranch(options)}`;
  return {
    range,
    // A purchase of which one version is in the fold and another one beside it would count twice; a row corrupted by hand may be one, until
    // it is merged with the one that heals it.
    isOfUse: `(SELECT count() FROM (SELECT purchase_id ${ofOpenDays} GROUP BY slot, branch_id, purchase_id HAVING min(recorded_at) != max(recorded_at))) = 0`,
    print: `(SELECT (count() + {base_count:UInt64}, sum(${FACT_HASH}) + {base_hash:UInt64})
      ${ofOpenDays} AND ${range})`,
    recorded: `{added_until:DateTime64(3, 'UTC')}`,
    params: {
      ...scopeParams(options),
      ...openParams(cover, options),
      added_until: clickhouseTime(until),
      base_count: base?.count ?? 0,
      base_hash: base?.hash ?? 0,
      ...(base === undefined ? {} : { base: base.id, base_rows: base.rows }),
      fold: id,
    },
  };
};

/** Folds of main figures. */
export const foldsOfFigures = (calendar: ShopCalendar): FoldStatements => ({
  table: 'gold.folded_scopes',
  columns: FOLD_COLUMNS,
  cover: ({ scope, coarsest }, state) => coverOf(scope, coarsest, calendar, state),
  ofSpans: foldSpans,
  running: foldRunning,
});
