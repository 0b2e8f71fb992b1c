import { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { type Cover, coverOf } from './cover.ts';
import { customersOfState } from './customer-sets.ts';
import { COLUMNS, hasProducts, ofFacts, openFacts, type RowsOptions, scopeParams, startOf } from './exact-rows.ts';
import { FOLDED_FIGURES, UNPACKED, UNPACKED_HOUR } from './facts.ts';
import { bytesOf, NO_FOLD, together } from './fold.ts';
import { FIGURES_HELD, type FiguresFold, type FoldedFigures, figuresKey } from './folded-figures.ts';
import { FOLD_PARTS, readFold, runningParts, spansParts } from './folding.ts';
import type { FoldMaker } from './folds.ts';
import { spanRows } from './sealed-rows.ts';
import type { ShopCalendar } from './shop-calendar.ts';

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
  /** The numbers of the customers as ClickHouse's bitmap; empty when only how many there were is known. */
  numbers: z.string(),
  unique_customers: z.int(),
  product_ids: z.array(z.string()),
  product_units: z.array(z.int()),
  product_revenue_minor: z.array(z.int()),
  product_purchases: z.array(z.int()),
});

/** SQL of `rows` put together to what a question tells apart. */
const folded = (
  options: RowsOptions,
  { rows, print, recorded }: { rows: string; print: string; recorded: string },
): string => {
  const { byBranch, byWeekday, byStart } = options;
  return `
      SELECT of_branch AS branch_id, of_start AS start, of_hour AS hour, of_weekday AS weekday, toString(print.1) AS count, toString(print.2) AS hash,
        toUnixTimestamp64Milli(${recorded}) AS recorded, * EXCEPT (of_branch, of_start, of_hour, of_weekday, print, newest, customers),
        toUnixTimestamp64Milli(newest) AS newest, bitmapCardinality(customers) AS unique_customers,
        ${byStart === 'day' ? `if(of_start >= {known_since:Int32}, hex(customers), '')` : 'hex(customers)'} AS numbers
      FROM (
        SELECT of_branch, of_start, of_hour, of_weekday, print, ${hasProducts(options) ? UNPACKED : UNPACKED_HOUR} FROM (
          SELECT ${byBranch ? 'part.branch_id' : "''"} AS of_branch, ${startOf(options, { day: 'part.day', slot: 'part.slot' })} AS of_start, part.hour AS of_hour, ${byWeekday ? 'toDayOfWeek(part.day)' : '0'} AS of_weekday,
            ${print} AS print, ${FOLDED_FIGURES}
          FROM ${rows} AS part GROUP BY of_branch, of_start, of_hour, of_weekday))`;
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
  const read = async (name: string, id: string, sql: string, params: Record<string, unknown>): Promise<FiguresFold> => {
    const { first, rows } = await readFold(clickhouse, { name, sql, params, row });
    const figures = new Map(rows.map((found) => [figuresKey(found), figuresOf(found)]));
    const { count, hash, recorded } = first;
    return { id, rows: rows.length, count, hash, recorded, figures, bytes: bytesOf(FIGURES_HELD, figures) };
  };

  /** Folds gold.sealed_spans. */
  const ofSpans = (cover: Cover, options: RowsOptions, { state, id }: Made): Promise<FiguresFold> => {
    const { name } = options;
    const spans = spanRows(cover, options);
    const sql = folded(options, { rows: `${name}_sealed`, ...spansParts(options, `${name}_sealed`) });
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
      const { range, isOfUse, params, ...parts } = runningParts(cover, options, { base, until });
      const facts = `SELECT ${COLUMNS} FROM (${ofFacts(options, [`${openFacts(options)} AND ${range}`])})`;
      const sql = folded(options, { rows: `(SELECT * FROM (${facts}) WHERE ${isOfUse})`, ...parts });
      const fold = await read('fold_running', id, sql, { ...params, known_since: 0 });
      const figures = together(FIGURES_HELD, base?.figures ?? new Map(), fold.figures);
      return { ...fold, figures, bytes: bytesOf(FIGURES_HELD, figures) };
    },
  };
};
