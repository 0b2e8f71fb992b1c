import { z } from 'zod';
import type { ShopCalendar } from './calendar/shop-calendar.ts';
import type { ClickHouse } from './client.ts';
import { type Cover, coverOf, firstOfMonth } from './cover.ts';
import { customersOfState, purchasersState } from './customer-sets.ts';
import { openWhere, type RowsOptions, scopeParams } from './exact-rows.ts';
import { COUNTRY, PLACES } from './facts.ts';
import { NO_FOLD } from './fold.ts';
import { type FoldedProducts, PRODUCTS_HELD, type ProductsFold } from './folded-products.ts';
import { FOLD_PARTS, onBase, readFold, runningParts, spansParts } from './folding.ts';
import type { FoldMaker } from './folds.ts';
import { FOLDED_PRODUCTS, productFacts } from './product-facts.ts';
import { sealedProductRows } from './product-rows.ts';
import type { SealState } from './seal-state.ts';
import { coverParams } from './sealed-rows.ts';

/**
 * Months are folded as numbers, to which no customer can be added, once they are over for so many days: hardly a sale comes later. Newer
 * ones are folded with the bitmaps of their days and weeks.
 */
const OVER_FOR_DAYS = 31;

/** A row for each product: of all products together it would be so large that to take it in holds up the process. */
const row = z.object({
  ...FOLD_PARTS,
  places: z.string(),
  month: z.int(),
  country: z.string(),
  newest: z.int(),
  product_id: z.string(),
  purchases: z.int(),
  units: z.int(),
  revenue_minor: z.int(),
  baskets_minor: z.int(),
  unique_customers: z.int(),
  /** Who they were; see {@link customersOfState}. */
  numbers: z.string(),
});

/** SQL of the rows of a fold, from rows of products (`of_month`, `of_country`); of their `customers` how many there are, and who. */
const folded = (
  rows: string,
  { print, recorded, unique, numbers }: { print: string; recorded: string; unique: string; numbers: string },
): string => `
  SELECT toUInt16(of_month) AS month, of_country AS country, toString(${PLACES}) AS places, toString((${print} AS print).1) AS count, toString(print.2) AS hash,
    toUnixTimestamp64Milli(${recorded}) AS recorded, toUnixTimestamp64Milli(newest_sale) AS newest,
    product_id, purchases, units, revenue_minor, baskets_minor, ${unique} AS unique_customers, ${numbers} AS numbers
  FROM (SELECT * EXCEPT newest, newest AS newest_sale FROM (${rows}))`;

/** The bitmap of a month that is over is empty: how many customers it had is known beside it. */
const OF_SPANS = {
  unique: 'greatest(known, bitmapCardinality(customers))',
  numbers: "if(known > 0 AND bitmapCardinality(customers) = 0, '', hex(customers))",
};

const productOf = (found: z.output<typeof row>): FoldedProducts => {
  const { month, country, newest, product_id, purchases, units, revenue_minor, baskets_minor } = found;
  const customers = customersOfState(found.numbers, found.unique_customers);
  const product = { purchases, units, revenue_minor, baskets_minor, customers };
  return { month, country, newest, products: new Map([[product_id, product]]) };
};

/** Makes folds of products by month and country, which stay in this process. */
export const productsFolds = (clickhouse: ClickHouse, calendar: ShopCalendar): FoldMaker<ProductsFold> => {
  const read = (id: string, sql: string, params: Record<string, unknown>): Promise<ProductsFold> =>
    readFold(clickhouse, PRODUCTS_HELD, { name: 'fold_products', id, sql, params, row, figuresOf: productOf });

  const ofSpans = (cover: Cover, options: RowsOptions, { state, id }: { state: SealState; id: string }) => {
    const { sql, params } = sealedProductRows(options.scope, cover, state, options.shopDay);
    const rows = `
      SELECT part.month AS of_month, part.of_country AS of_country, part.product_id AS product_id, ${FOLDED_PRODUCTS}, max(part.unique_customers) AS known
      FROM (${sql}) AS part GROUP BY of_month, of_country, product_id`;
    return read(id, folded(rows, { ...spansParts(options, `(${sql})`), ...OF_SPANS }), {
      ...params,
      ...scopeParams(options),
      ...coverParams(cover, options),
    });
  };

  return {
    nothing: { ...NO_FOLD, figures: new Map() },
    cover: ({ scope }, state) => {
      const last = state.days?.last ?? 0;
      const isNew = (month: number) => firstOfMonth(month, 1) + OVER_FOR_DAYS > last;
      const recent = [firstOfMonth(last), firstOfMonth(last, -1), firstOfMonth(last, -2)].filter(isNew);
      return coverOf(scope, 'month', calendar, { ...state, openMonths: new Set([...state.openMonths, ...recent]) });
    },
    ofSpans,
    running: async (cover, options, { base, until, id }) => {
      const { range, isOfUse, params, ...parts } = runningParts(cover, options, { base, until });
      const rows = productFacts(
        { of_month: `toStartOfMonth(${options.shopDay})`, of_country: COUNTRY },
        `${openWhere(options)} AND ${range} AND ${isOfUse}`,
        purchasersState('customer_number', 'place = 1'),
      );
      const fold = await read(id, folded(rows, { ...parts, unique: '0', numbers: 'customers' }), params);
      if (base !== undefined && base.places !== fold.places) throw new Error('a branch is in another country');
      return onBase(PRODUCTS_HELD, base, fold);
    },
  };
};
