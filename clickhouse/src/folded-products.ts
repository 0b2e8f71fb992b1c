import { type Cover, coverOf, firstOfMonth } from './cover.ts';
import { openParams, openWhere, type RowsOptions, scopeParams } from './exact-rows.ts';
import { COUNTRY, sortedCustomers } from './facts.ts';
import type { Fold } from './fold.ts';
import { besideParams, factsBeside, newestFacts } from './folded-rows.ts';
import { isThere, runningParts, spansParts } from './folding.ts';
import type { FoldStatements } from './folds.ts';
import { FOLDED_PRODUCTS, productFacts } from './product-facts.ts';
import { PRODUCT_COLUMNS, type ProductRows, sealedProductRows } from './product-rows.ts';
import { coverParams } from './sealed-rows.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/**
 * Months are folded as numbers, to which no customer can be added, once they are over for so many days: hardly a sale comes later. Newer
 * ones are folded with the bitmaps of their days and weeks.
 */
const OVER_FOR_DAYS = 31;

const FOLD_COLUMNS = `fold, month, country, places, facts_count, facts_hash, recorded_until, newest, product_ids, product_purchases,
  product_units, product_revenue_minor, product_baskets_minor, product_unique_customers, product_customers`;

/** SQL for a hash of where all branches are: who is in which country is not in the fingerprint of facts. */
const PLACES = '(SELECT sum(cityHash64(branch_id, country)) FROM gold.branches)';

/** SQL of rows of products (the columns of {@link PRODUCT_COLUMNS}) put together to those of a fold. */
const folded = (rows: string, { print, recorded }: { print: string; recorded: string }): string => `
  SELECT {fold:UUID}, month, country, ${PLACES}, (${print} AS print).1, print.2, ${recorded}, max(newest_sale),
    groupArray(product_id), groupArray(purchases), groupArray(units), groupArray(revenue_minor), groupArray(baskets_minor),
    groupArray(greatest(known, bitmapCardinality(customers))),
    if(max(known) > 0 AND max(bitmapCardinality(customers)) = 0, [], groupArray(customers))
  FROM (
    SELECT month, of_country AS country, product_id, * EXCEPT (month, of_country, product_id, newest), newest AS newest_sale
    FROM (
      SELECT part.month AS month, part.of_country AS of_country, part.product_id AS product_id, ${FOLDED_PRODUCTS}, max(part.unique_customers) AS known
      FROM (${rows}) AS part GROUP BY month, of_country, product_id))
  GROUP BY month, country`;

/** Products of the open days of a scope, as they would be sealed. */
const openProducts = (options: RowsOptions, range = '1'): string =>
  `SELECT ${PRODUCT_COLUMNS} FROM (SELECT *, toUInt64(0) AS unique_customers
     FROM (${productFacts({ month: `toStartOfMonth(${options.shopDay})`, of_country: COUNTRY }, `${openWhere(options)} AND ${range}`)}))`;

/** The rows of a fold, to be followed by a condition. */
const rowsOf = (fold: string): string =>
  `SELECT *, empty(product_customers) AS numbers_only, arrayResize(product_customers, length(product_ids)) AS customers_or_none
   FROM gold.folded_products WHERE fold = ${fold}`;

/** One for each product. */
const UNPACKED = `ARRAY JOIN product_ids AS product_id, product_purchases AS purchases, product_units AS units,
    product_revenue_minor AS revenue_minor, product_baskets_minor AS baskets_minor, product_unique_customers AS unique_customers,
    customers_or_none AS customers`;

const ofSpans: FoldStatements['ofSpans'] = (cover, options, { state, id }) => {
  const { sql, params } = sealedProductRows(options.scope, cover, state, options.shopDay);
  return {
    sql: folded(sql, spansParts(options, `(${sql})`)),
    params: { ...params, ...scopeParams(options), ...coverParams(cover, options), fold: id },
  };
};

const running: FoldStatements['running'] = (cover, options, made) => {
  const { range, isOfUse, params, ...parts } = runningParts(cover, options, made);
  const base = `SELECT ${PRODUCT_COLUMNS} FROM (SELECT *, country AS of_country FROM (${rowsOf('{base:UUID}')} AND ${isThere('gold.folded_products', `places = ${PLACES}`)})) ${UNPACKED}`;
  const rows = [...(made.base === undefined ? [] : [base]), openProducts(options, range)];
  return { sql: folded(`SELECT * FROM (${rows.join(' UNION ALL ')}) WHERE ${isOfUse}`, parts), params };
};

/** Folds of products by month and country. */
export const foldsOfProducts = (calendar: ShopCalendar): FoldStatements => ({
  table: 'gold.folded_products',
  columns: FOLD_COLUMNS,
  cover: ({ scope }, state) => {
    const last = state.days?.last ?? 0;
    const isNew = (month: number) => firstOfMonth(month, 1) + OVER_FOR_DAYS > last;
    const recent = [firstOfMonth(last), firstOfMonth(last, -1), firstOfMonth(last, -2)].filter(isNew);
    return coverOf(scope, 'month', calendar, { ...state, openMonths: new Set([...state.openMonths, ...recent]) });
  },
  ofSpans,
  running,
});

/**
 * SQL of what a scope sold by month, country and product, from a fold and all facts that are not in it, with the columns of
 * {@link ProductRows} and those that PRINTS adds up. They do not make nothing either where a branch is in another country by now, or
 * where a sale came to a month that is folded as numbers.
 */
export const foldedProductRows = (cover: Cover, options: RowsOptions, fold: Fold): ProductRows => {
  const columns = `${PRODUCT_COLUMNS}, numbers_only, added, print_rows, print_hash, fold_row`;
  const parts = [
    `SELECT ${columns} FROM (SELECT *, country AS of_country, toInt64(places != ${PLACES}) AS print_rows, toUInt64(0) AS print_hash, toUInt64(0) AS added
       FROM (${rowsOf('{period_fold:UUID}')}))
     ${UNPACKED}, arrayMap(place -> toUInt8(place = 1), arrayEnumerate(product_ids)) AS fold_row`,
    `SELECT ${columns} FROM (
       SELECT toStartOfMonth(${options.shopDay}) AS month, ${COUNTRY} AS of_country, product_id,
         countIf(place = 1 AND status = 'recorded') AS purchases, sumIf(quantity, status = 'recorded') AS units,
         sumIf(quantity * unit_price_minor, status = 'recorded') AS revenue_minor,
         sumIf(total_minor, place = 1 AND status = 'recorded') AS baskets_minor, maxIf(sold_at, status = 'recorded') AS newest,
         toUInt64(0) AS unique_customers, ${sortedCustomers('customer_number', "status = 'recorded'")} AS customers,
         toUInt8(0) AS numbers_only, purchases AS added, sumIf(rows, nth <= 1) AS print_rows, sumIf(hash, nth <= 1) AS print_hash, toUInt8(0) AS fold_row
       FROM (SELECT *, print_rows AS rows, print_hash AS hash FROM (${newestFacts(options, fold, { customers: true, products: true })}))
       LEFT ARRAY JOIN product_ids AS product_id, quantities AS quantity, unit_prices_minor AS unit_price_minor,
         arrayEnumerateUniq(product_ids) AS place, arrayEnumerate(product_ids) AS nth
       GROUP BY month, of_country, product_id)`,
    `SELECT toDate(0), '', toLowCardinality(''), toUInt64(0), toUInt64(0), toInt64(0), toInt64(0), toDateTime64(0, 3, 'UTC'), toUInt64(0),
       arrayReduce('groupBitmapState', emptyArrayUInt32()), toUInt8(0), toUInt64(0), -toInt64(rows), toUInt64(0 - hash), toUInt8(0)
     FROM (${factsBeside(options, fold)})`,
  ];
  if (fold.running === undefined && cover.openDays.length > 0)
    parts.push(
      `SELECT ${columns} FROM (SELECT *, toUInt8(0) AS numbers_only, toUInt64(0) AS added, toInt64(0) AS print_rows, toUInt64(0) AS print_hash, toUInt8(0) AS fold_row
       FROM (${openProducts(options)}))`,
    );
  return {
    sql: `
  SELECT month, of_country AS country, product_id, sum(part.purchases) AS purchases, sum(part.units) AS units,
    sum(part.revenue_minor) AS revenue_minor, sum(part.baskets_minor) AS baskets_minor, max(part.newest) AS newest,
    greatest(max(part.unique_customers), groupBitmapMerge(part.customers)) AS unique_customers,
    sum(part.print_rows) + toInt64(max(part.numbers_only) = 1 AND sum(part.added) > 0) AS print_rows, sum(part.print_hash) AS print_hash,
    sum(part.fold_row) AS fold_row
  FROM (${parts.join('\nUNION ALL\n')}) AS part GROUP BY month, country, product_id`,
    params: { ...besideParams(cover, options, fold), ...openParams(cover, options) },
  };
};
