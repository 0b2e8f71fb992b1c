import { z } from 'zod';
import type { ShopCalendar } from './calendar/shop-calendar.ts';
import type { ClickHouse } from './client.ts';
import { type Cover, coverOf } from './cover.ts';
import { customersOfState, purchasersState } from './customer-sets.ts';
import { hasProducts, hourOf, OF_FACTS, openWhere, type RowsOptions, scopeParams, startOf } from './exact-rows.ts';
import { FOLDED_FIGURES, SOLD_OF_FACTS, SUMS_OF_FACTS, UNPACKED, UNPACKED_HOUR } from './facts.ts';
import { NO_FOLD } from './fold.ts';
import { FIGURES_HELD, type FiguresFold, type FoldedFigures } from './folded-figures.ts';
import { FOLD_PARTS, onBase, readFold, runningParts, spansParts } from './folding.ts';
import type { FoldMaker } from './folds.ts';
import { spanRows } from './sealed-rows.ts';

const row = z.object({
  branch_id: z.string(),
  start: z.int(),
  hour: z.int(),
  weekday: z.int(),
  ...FOLD_PARTS,
  purchases: z.int(),
  items: z.int(),
  revenue_minor: z.int(),
  newest: z.int(),
  /** Who they were; see {@link customersOfState}. */
  numbers: z.string(),
  unique_customers: z.int(),
  product_ids: z.array(z.string()),
  product_units: z.array(z.int()),
  product_revenue_minor: z.array(z.int()),
  product_purchases: z.array(z.int()),
});

interface Groups {
  /** Rows with their keys (`of_…`), the fingerprint, and figures as {@link UNPACKED} takes them. */
  groups: string;
  recorded: string;
  /** Of `customers` how many there are, and who. */
  unique: string;
  numbers: string;
}

/** SQL of the rows of a fold. */
const folded = (options: RowsOptions, { groups, recorded, unique, numbers }: Groups): string => `
      SELECT of_branch AS branch_id, of_start AS start, of_hour AS hour, of_weekday AS weekday, toString(print.1) AS count, toString(print.2) AS hash,
        toUnixTimestamp64Milli(${recorded}) AS recorded, * EXCEPT (of_branch, of_start, of_hour, of_weekday, print, newest, customers),
        toUnixTimestamp64Milli(newest) AS newest, ${unique} AS unique_customers, ${numbers} AS numbers
      FROM (
        SELECT of_branch, of_start, of_hour, of_weekday, print, ${hasProducts(options) ? UNPACKED : UNPACKED_HOUR} FROM (${groups}))`;

/** SQL of groups of rows `part` of sealed spans, or of facts `fact`. */
const grouped = (
  options: RowsOptions,
  given: { of: 'part' | 'fact'; from: string; day: string; hour: string; print: string; figures: string },
): string => {
  const { of, from, day, hour, print, figures } = given;
  const keys = [
    `${options.byBranch ? `${of}.branch_id` : "''"} AS of_branch`,
    `${startOf(options, { day, slot: `${of}.slot` })} AS of_start`,
    `${hour} AS of_hour`,
    `${options.byWeekday ? `toDayOfWeek(${day})` : '0'} AS of_weekday`,
  ];
  return `SELECT ${keys.join(', ')}, ${print} AS print, ${figures} FROM ${from} AS ${of} GROUP BY of_branch, of_start, of_hour, of_weekday`;
};

const figuresOf = (found: z.output<typeof row>): FoldedFigures => {
  const { product_ids, product_units, product_revenue_minor, product_purchases, numbers, ...figures } = found;
  const { branch_id, start, hour, weekday, purchases, items, revenue_minor, newest, unique_customers } = figures;
  return {
    ...{ branch_id, start, hour, weekday, purchases, items, revenue_minor, newest },
    customers: customersOfState(numbers, unique_customers),
    products: new Map(
      product_ids.map((product, index) => [
        product,
        [product_units[index] ?? 0, product_revenue_minor[index] ?? 0, product_purchases[index] ?? 0],
      ]),
    ),
  };
};

/** Of days before, their customers stay where they are: they would be too many, and hardly a sale comes that late. */
const DAYS_OF_LATE_SALES = 31;

type Made = Parameters<FoldMaker<FiguresFold>['ofSpans']>[2];

/** Makes folds of main figures, which stay in this process. */
export const figuresFolds = (clickhouse: ClickHouse, calendar: ShopCalendar): FoldMaker<FiguresFold> => {
  const read = (name: string, id: string, sql: string, params: Record<string, unknown>): Promise<FiguresFold> =>
    readFold(clickhouse, FIGURES_HELD, { name, id, sql, params, row, figuresOf });

  /** Folds gold.sealed_spans. */
  const ofSpans = (cover: Cover, options: RowsOptions, { state, id }: Made): Promise<FiguresFold> => {
    const from = `${options.name}_sealed`;
    const spans = spanRows(cover, options);
    const { print, recorded } = spansParts(options, from);
    const sql = folded(options, {
      groups: grouped(options, {
        ...{ of: 'part', from, day: 'part.day', hour: 'part.hour', print, figures: FOLDED_FIGURES },
      }),
      recorded,
      unique: 'bitmapCardinality(customers)',
      numbers: options.byStart === 'day' ? "if(of_start >= {known_since:Int32}, hex(customers), '')" : 'hex(customers)',
    });
    return read('fold', id, `WITH ${spans.cte} ${sql}`, {
      ...scopeParams(options),
      ...spans.params,
      known_since: (state.days?.last ?? 0) - DAYS_OF_LATE_SALES,
    });
  };

  return {
    nothing: { ...NO_FOLD, figures: new Map() },
    cover: ({ scope, coarsest }, state) => coverOf(scope, coarsest, calendar, state),
    ofSpans,
    running: async (cover, options, { base, until, id }) => {
      const { range, isOfUse, params, recorded, print } = runningParts(cover, options, { base, until });
      const groups = grouped(options, {
        of: 'fact',
        from: `(SELECT ${OF_FACTS} FROM silver.purchases FINAL WHERE ${openWhere(options)} AND ${range} AND ${isOfUse})`,
        day: options.shopDay,
        hour: hourOf(options, 'fact.slot'),
        print,
        figures: [SUMS_OF_FACTS, `${PURCHASERS} AS customers`, SOLD_OF_FACTS].join(', '),
      });
      const sql = folded(options, { groups, recorded, unique: '0', numbers: 'customers' });
      return onBase(FIGURES_HELD, base, await read('fold_running', id, sql, params));
    },
  };
};

const PURCHASERS = purchasersState('fact.customer_number', "fact.status = 'recorded'");
