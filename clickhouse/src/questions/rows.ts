import { type Cover, coverOf, type Scope } from '../calendar/cover.ts';
import { type Level, slotsReadFrom } from '../calendar/spans.ts';
import { breakdownOf, IS_SALE, SUMS_OF_FACTS, soldOf } from '../schema/fact-sums.ts';
import type { Gold, Now } from './gold.ts';
import type { Parameters } from './parameters.ts';

/** Whose spans are read: of the scope itself (its branch, or the chain), of each branch, or of each country. */
export type Places = 'scope' | 'branches' | 'countries';

/** What stands between a question and its rows. */
export interface RowsContext {
  gold: Gold;
  now: Now;
  parameters: Parameters;
}

/** The cover of a scope. Branches have slots of the last weeks, countries and the chain of the day of the horizon. */
export const coverOfScope = ({ gold, now }: RowsContext, scope: Scope, coarsest: Level): Cover =>
  coverOf(gold.calendar, scope, now.horizon, { coarsest, slotsFrom: slotsReadFrom(gold.calendar, now.horizon) });

/** SQL for the customers of facts, as a bitmap. A number added behind the others costs a quarter of one that has to find its place. */
export const CUSTOMERS = `arrayReduce('groupBitmapState', arraySort(groupArrayIf(customer_number, ${IS_SALE} AND customer_number != 0)))`;

/** Columns of rows, as SQL over a sealed span and over a group of facts. All add up over rows by sum, max or merge. */
const COLUMNS = {
  purchases: ['purchases', SUMS_OF_FACTS.purchases],
  items: ['items', SUMS_OF_FACTS.items],
  revenue_minor: ['revenue_minor', SUMS_OF_FACTS.revenue_minor],
  gross_minor: ['gross_minor', SUMS_OF_FACTS.gross_minor],
  discount_minor: ['discount_minor', SUMS_OF_FACTS.discount_minor],
  returned_minor: ['returned_minor', SUMS_OF_FACTS.returned_minor],
  returns: ['returns', SUMS_OF_FACTS.returns],
  newest: ['newest', SUMS_OF_FACTS.newest],
  customers: ['customers', CUSTOMERS],
  /** Of each product its units in thousandths, its revenue and the purchases that it was in. */
  sold: [
    `mapFromArrays(product_ids, arrayMap((u, r, p) -> [toInt64(u), r, toInt64(p)],
      product_units, product_revenue_minor, product_purchases))`,
    `sumForEachMap(${soldOf()})`,
  ],
  /** By channel, cashier and tender, see `breakdownOf`. */
  breakdown: ['breakdown', `sumForEachMap(${breakdownOf()})`],
} as const;

export type Column = keyof typeof COLUMNS;

/** A column that tells rows apart, as SQL over a sealed span and over a fact. It must not be named as a column of either. */
export type Key = readonly [span: string, fact: string];

export interface RowsOptions {
  columns: readonly Column[];
  keys?: Readonly<Record<string, Key>>;
  places?: Places;
}

/**
 * SQL of rows that together are a scope: sealed spans before the horizon, the facts from it on. To stand after FROM, in
 * brackets of its own.
 */
export const rowsOf = (
  context: RowsContext,
  scope: Scope,
  cover: Cover,
  { columns, keys = {}, places = 'scope' }: RowsOptions,
): string => {
  const parts: string[] = [];
  const names = Object.keys(keys);
  if (cover.spans.length > 0) {
    const selected = [
      ...Object.entries(keys).map(([name, [span]]) => `${span} AS ${name}`),
      ...columns.map((column) => `${COLUMNS[column][0]} AS ${column}`),
    ];
    parts.push(
      `SELECT ${selected.join(', ')} FROM sealed.spans FINAL WHERE ${spansWhere(context, scope, cover, places)}`,
    );
  }
  if (cover.facts.length > 0 || parts.length === 0) {
    const selected = [
      ...Object.entries(keys).map(([name, [, fact]]) => `${fact} AS ${name}`),
      ...columns.map((column) => `${COLUMNS[column][1]} AS ${column}`),
    ];
    const groups = names.length > 0 ? ` GROUP BY ${names.join(', ')}` : '';
    parts.push(`SELECT ${selected.join(', ')} FROM ${factsOf(context, scope, cover)}${groups}`);
  }
  return `(${parts.join('\n    UNION ALL ')})`;
};

/** SQL that is true for the sealed spans of a cover. */
export const spansWhere = (
  { gold, now, parameters }: RowsContext,
  { branch }: Scope,
  { spans }: Cover,
  places: Places = 'scope',
): string => {
  const ofBranch = branch === undefined ? undefined : `AND place = ${parameters.bind('branch', 'String', branch)}`;
  // Before the day of the horizon the chain's slots are those of its branches.
  const read = spans.flatMap((range) =>
    range.level === 'slot' && range.from < now.openDay && now.openDay < range.to
      ? [
          { ...range, to: now.openDay },
          { ...range, from: now.openDay },
        ]
      : [range],
  );
  const where = read.map(({ level, from, to }) => {
    const time = `start >= ${parameters.seconds(`${level}_from`, from)} AND start < ${parameters.seconds(`${level}_to`, to)}`;
    const place =
      ofBranch !== undefined
        ? `scope = 'branch' ${ofBranch}`
        : places === 'branches' || (places === 'scope' && level === 'slot' && from < now.openDay)
          ? "scope = 'branch'"
          : places === 'countries'
            ? "scope = 'country'"
            : "scope = 'chain' AND place = ''";
    return `level = '${level}' AND ${place} AND ${time}`;
  });
  return `clock = ${parameters.bind('clock', 'String', gold.clock)} AND (${where.length === 0 ? '0' : where.join('\n      OR ')})`;
};

/** SQL of the facts of a cover that count: to stand after FROM, with its WHERE. */
export const factsOf = ({ parameters }: RowsContext, { from, to, branch }: Scope, { facts }: Cover): string => {
  const [first, last] = [facts.at(0), facts.at(-1)];
  if (first === undefined || last === undefined) return 'silver.purchases WHERE 0';
  const ranges = facts.map(
    (range) =>
      `slot >= ${parameters.seconds('facts_from', range.from)} AND slot < ${parameters.seconds('facts_to', range.to)}`,
  );
  const where = [`(${ranges.join('\n      OR ')})`];
  // Only a border that cuts a slot says more than the slots do.
  if (first.from < from) where.push(`sold_at >= ${parameters.moment('from', from)}`);
  if (last.to > to) where.push(`sold_at < ${parameters.moment('to', to)}`);
  if (branch !== undefined) where.push(`branch_id = ${parameters.bind('branch', 'String', branch)}`);
  return `silver.purchases FINAL WHERE status = 'recorded' AND ${where.join(' AND ')}`;
};
