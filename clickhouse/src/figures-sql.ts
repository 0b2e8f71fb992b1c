import { z } from 'zod';
import type { Scope } from './cover.ts';
import { countOf } from './customer-sets.ts';
import { soldOf } from './facts.ts';
import type { FoldedFigures } from './folded-figures.ts';
import { SUMS, TOTALS, totalsRow } from './questions/figures.ts';

/** What figures are told apart by: nothing, the branch, the hour of the shop's clock, or the hour of each weekday of the business day. */
export type FiguresBy = 'nothing' | 'branch' | 'hour' | 'weekday';

/** A fold also tells each business day apart, each hour of the shop's clock, or each month of business days. */
export type FoldedBy = FiguresBy | 'day' | 'clock_hour' | 'month';

/** A question about the figures of whole scopes, all of one moment. */
export interface FiguresQuestion {
  /** Name in ClickHouse's log. */
  name: string;
  /** What it is about, under the name that its rows bear. */
  scopes: Record<string, Scope>;
  /** Default `nothing`. */
  by?: FiguresBy;
  /**
   * Which products are told of, none by default: all, one, or those of the first ranks by units or revenue, equal ones included.
   */
  products?: 'all' | { only: string } | { first: number; by: 'units' | 'revenue' };
  /** Whether customers are wanted; else `unique_customers` may be 0. Default true. */
  customers?: boolean;
  /** Further numbers of the same moment, as SQL by their names. */
  also?: Record<string, string>;
  signal?: AbortSignal;
}

/** One that only folds answer. */
export type FoldedQuestion = Omit<FiguresQuestion, 'by'> & { by?: FoldedBy };

/** Figures of one scope and of what it is told apart by. */
export type FiguresRow = z.output<typeof figuresRow>;

export const figuresRow = z.object({
  scope: z.string().default(''),
  /** Empty where branches are not told apart. */
  branch_id: z.string().default(''),
  /** The day or the month's first one (days since 1970-01-01), or when the hour began (seconds since 1970); 0 where none is told apart. */
  start: z.int().default(0),
  /** 0–23; -1 where hours are not told apart. */
  hour: z.int().default(-1),
  /** 1 Monday … 7 Sunday; 0 where weekdays are not told apart. */
  weekday: z.int().default(0),
  ...totalsRow,
  unique_customers: z.int().default(0),
  /** Product, and its units, their revenue (minor units) and the purchases it was in. */
  products: z.array(z.tuple([z.string(), z.tuple([z.int(), z.int(), z.int()])])).default([]),
  also: z.record(z.string(), z.int()).default({}),
});

const KEYS: Record<FiguresBy, readonly string[]> = {
  nothing: [],
  branch: ['branch_id'],
  hour: ['hour'],
  weekday: ['weekday', 'hour'],
};

/** SQL of the figures of scopes whose rows are tables under their names ({@link COLUMNS}), without settings. */
export const figuresSql = ({
  scopes,
  by = 'nothing',
  products,
  customers = true,
  also,
}: FiguresQuestion): { sql: string; params: Record<string, unknown> } => {
  const names = Object.keys(scopes);
  const keys = KEYS[by];
  const columns = [
    ...(names.length > 1 ? ['scope'] : []),
    ...keys.map((key) => (key === 'weekday' ? 'toDayOfWeek(day) AS weekday' : key)),
    customers ? TOTALS : SUMS,
    ...(products === undefined ? [] : productColumns(products)),
    ...(also === undefined ? [] : [alsoSql(also)]),
  ];
  const rows =
    names.length > 1
      ? `(${names.map((name) => `SELECT '${name}' AS scope, * FROM ${name}`).join(' UNION ALL ')})`
      : (names[0] ?? '');
  const groups = [...(names.length > 1 ? ['scope'] : []), ...keys].join(', ');
  return {
    sql: `SELECT ${columns.join(', ')} FROM ${rows}${groups === '' ? '' : ` GROUP BY ${groups}`}`,
    params:
      typeof products === 'object' ? ('only' in products ? { product: products.only } : { limit: products.first }) : {},
  };
};

/** SQL of a column `also` of further numbers. */
export const alsoSql = (also: Record<string, string>): string =>
  `map(${Object.entries(also).map(([name, sql]) => `'${name}', toInt64(${sql})`)}) AS also`;

/** Products out of maps that say what was sold. In arrays, because a window and a join would take longer to plan than to run. */
const productColumns = (products: Exclude<FiguresQuestion['products'], undefined>): string[] => {
  const sold = `sumForEachMap(${soldOf('')}) AS all_sold, arrayZip(mapKeys(all_sold), mapValues(all_sold)) AS all_products`;
  if (products === 'all') return [sold, 'all_products AS products'];
  if ('only' in products)
    return [sold, 'arrayFilter(product -> product.1 = {product:String}, all_products) AS products'];
  const measure = `product.2[${products.by === 'units' ? 1 : 2}]`;
  return [
    sold,
    `arrayReverseSort(arrayMap(product -> ${measure}, all_products)) AS measures`,
    `arrayElement(measures, toInt64(least({limit:UInt32}, length(measures)))) AS least_ranked`,
    `arrayFilter(product -> ${measure} >= least_ranked, all_products) AS products`,
  ];
};

/** The same rows of figures that are there already. */
export const rowsOf = (
  { products }: Pick<FiguresQuestion, 'products'>,
  scope: string,
  figures: Iterable<FoldedFigures>,
  also: FiguresRow['also'],
): FiguresRow[] =>
  Array.from(figures, ({ customers, products: sold, ...rest }) => ({
    scope,
    ...rest,
    unique_customers: countOf(customers),
    products:
      products === undefined
        ? []
        : chosen(
            [...sold].map(([product, sums]) => [product, [...sums]]),
            products,
          ),
    also,
  }));

const chosen = (
  sold: FiguresRow['products'],
  products: Exclude<FiguresQuestion['products'], undefined>,
): FiguresRow['products'] => {
  if (products === 'all') return sold;
  if ('only' in products) return sold.filter(([product]) => product === products.only);
  const measure = ([, [units, revenue]]: FiguresRow['products'][number]) => (products.by === 'units' ? units : revenue);
  const measures = sold.map(measure).sort((a, b) => b - a);
  const leastRanked = measures[Math.min(products.first, measures.length) - 1] ?? 0;
  return sold.filter((product) => measure(product) >= leastRanked);
};
