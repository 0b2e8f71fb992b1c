import { clickhouseTime } from './clickhouse-time.ts';
import type { Cover } from './cover.ts';
import { type ExactRows, hourOf, openFacts, openParams, type RowsOptions, scopeParams } from './exact-rows.ts';
import {
  allFacts,
  CUSTOMERS_OF_FACTS,
  FACT_HASH,
  notAmong,
  ofBranchUnindexed,
  SOLD_OF_FACTS,
  SUMS_OF_FACTS,
  soldOf,
} from './facts.ts';
import type { Fold } from './fold.ts';
import { coverParams, listOf, notOpen, onDays } from './sealed-rows.ts';

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
export const besideParams = (cover: Cover, options: RowsOptions, fold: Fold): Record<string, unknown> => {
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

/** The columns of silver.purchases that the wanted figures are made of, the status last. */
const factColumns = ({ customers, products }: Wanted): string[] => [
  ...'slot, branch_id, sold_at, total_minor, units'.split(', '),
  ...(customers ? ['customer_number'] : []),
  ...(products ? ['product_ids', 'quantities', 'unit_prices_minor'] : []),
  'status',
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
  const columns = factColumns(wanted).slice(0, -1).join(', ');
  // Numbered by a window: to keep the arrays of the newest version, `argMax` would take each apart.
  // The key is searched by a range of slots; by days or a branch it would be searched bit by bit.
  return `SELECT ${columns}, if(nth = 1 AND sold_at >= ${moment('from')} AND sold_at < ${moment('to')}, stored_status, 'voided') AS status,
       print_rows, print_hash
     FROM (
       SELECT ${columns}, status AS stored_status, toInt64(1) AS print_rows, ${FACT_HASH} AS print_hash,
         row_number() OVER (PARTITION BY slot, branch_id, purchase_id ORDER BY version DESC) AS nth
       FROM silver.purchases
       WHERE recorded_at > ${moment('since')} AND slot >= ${moment('begins')} AND slot < ${moment('ends')} ${which}
         ${ofBranchUnindexed(options.scope.branch && `{${name}_branch:String}`)}
     )`;
};
