import { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { type Cover, coverOf, firstOfMonth } from './cover.ts';
import { openParams, openWhere, type RowsOptions, scopeParams } from './exact-rows.ts';
import { COUNTRY, ONE_SNAPSHOT, ONE_THREAD, PLACES, sortedCustomers } from './facts.ts';
import { type Fold, NO_FOLD } from './fold.ts';
import { besideParams, factsBeside, newestFacts } from './folded-rows.ts';
import { runningParts, spansParts } from './folding.ts';
import type { FoldMaker, Statement } from './folds.ts';
import { FOLDED_PRODUCTS } from './product-facts.ts';
import { ADDED_PRODUCTS, PRODUCT_COLUMNS, type ProductRows, productRowsOf, sealedProductRows } from './product-rows.ts';
import type { SealState } from './seal-state.ts';
import { coverParams } from './sealed-rows.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/**
 * Months are folded as numbers, to which no customer can be added, once they are over for so many days: hardly a sale comes later. Newer
 * ones are folded with the bitmaps of their days and weeks.
 */
const OVER_FOR_DAYS = 31;

const FOLD_COLUMNS = `fold, month, country, places, facts_count, facts_hash, recorded_until, newest, product_ids, product_purchases,
  product_units, product_revenue_minor, product_baskets_minor, product_unique_customers, product_customers`;

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
  productRowsOf(options.shopDay, `${openWhere(options)} AND ${range}`);

/** Rows of products of a fold, one for each product, with further columns and a condition. */
const rowsOf = (fold: string, { also = '', condition = '1' } = {}): string =>
  `SELECT month, country AS of_country, product_id, purchases, units, revenue_minor, baskets_minor, newest, unique_customers, customers${also}
   FROM gold.folded_products
   ARRAY JOIN product_ids AS product_id, product_purchases AS purchases, product_units AS units, product_revenue_minor AS revenue_minor,
     product_baskets_minor AS baskets_minor, product_unique_customers AS unique_customers,
     arrayResize(product_customers, length(product_ids)) AS customers, arrayEnumerate(product_ids) AS nth
   WHERE fold = ${fold} AND ${condition}`;

const ofSpans = (cover: Cover, options: RowsOptions, state: SealState): Statement => {
  const { sql, params } = sealedProductRows(options.scope, cover, state, options.shopDay);
  return {
    sql: folded(sql, spansParts(options, `(${sql})`)),
    params: { ...params, ...scopeParams(options), ...coverParams(cover, options) },
  };
};

const IS_THERE = `(SELECT throwIf(count() != {base_rows:UInt64}, 'a fold is gone') FROM gold.folded_products
  WHERE fold = {base:UUID} AND places = ${PLACES}) = 0`;

const running = (cover: Cover, options: RowsOptions, made: { base: Fold | undefined; until: number }): Statement => {
  const { range, isOfUse, params, ...parts } = runningParts(cover, options, made);
  const { base } = made;
  const rows = [
    ...(base === undefined ? [] : [rowsOf('{base:UUID}', { condition: IS_THERE })]),
    openProducts(options, range),
  ];
  return {
    sql: folded(`SELECT * FROM (${rows.join(' UNION ALL ')}) WHERE ${isOfUse}`, parts),
    params: { ...params, ...(base === undefined ? {} : { base: base.id, base_rows: base.rows }) },
  };
};

const printed = z.object({ rows: z.int(), count: z.string(), hash: z.string(), recorded: z.int() });

/** Makes folds of products by month and country, in gold.folded_products: their customers are too many for this process. */
export const productsFolds = (clickhouse: ClickHouse, calendar: ShopCalendar): FoldMaker<Fold> => {
  const insert = async (id: string, { sql, params }: Statement): Promise<Fold> => {
    await clickhouse.insertSelect({
      name: 'fold_products',
      table: `gold.folded_products (${FOLD_COLUMNS})`,
      select: `${sql} ${ONE_SNAPSHOT}, ${ONE_THREAD}`,
      params: { ...params, fold: id },
      timeoutSeconds: 30,
    });
    const found = await clickhouse.row({
      name: 'folded_products',
      sql: `SELECT count() AS rows, toString(any(facts_count)) AS count, toString(any(facts_hash)) AS hash,
              toUnixTimestamp64Milli(any(recorded_until)) AS recorded
            FROM gold.folded_products WHERE fold = {fold:UUID}`,
      params: { fold: id },
      row: printed,
    });
    if (found.rows === 0) throw new Error('nothing to fold');
    return { id, ...found };
  };

  return {
    hasNothingOpen: false,
    // Younger than the table lets them grow (an hour), so that none is gone while it is in use.
    forgetMs: 40 * 60_000,
    nothing: NO_FOLD,
    cover: ({ scope }, state) => {
      const last = state.days?.last ?? 0;
      const isNew = (month: number) => firstOfMonth(month, 1) + OVER_FOR_DAYS > last;
      const recent = [firstOfMonth(last), firstOfMonth(last, -1), firstOfMonth(last, -2)].filter(isNew);
      return coverOf(scope, 'month', calendar, { ...state, openMonths: new Set([...state.openMonths, ...recent]) });
    },
    ofSpans: (cover, options, { state, id }) => insert(id, ofSpans(cover, options, state)),
    running: (cover, options, { id, ...made }) => insert(id, running(cover, options, made)),
  };
};

/**
 * SQL of what a scope sold by month, country and product, from a fold and all facts that are not in it, with the columns of
 * {@link ProductRows} and those that PRINTS adds up. They do not make nothing either where a branch is in another country by now, or
 * where a sale came to a month that is folded as numbers.
 */
export const foldedProductRows = (cover: Cover, options: RowsOptions, fold: Fold): ProductRows => {
  const rest = (numbersOnly: string, added: string, print: string, hash: string, foldRow: string) =>
    `, ${numbersOnly} AS numbers_only, ${added} AS added, ${print} AS print_rows, ${hash} AS print_hash, ${foldRow} AS fold_row`;
  const [none, noRows, noHash] = ['toUInt8(0)', 'toInt64(0)', 'toUInt64(0)'];
  const recorded = "fact.status = 'recorded'";
  const parts = [
    rowsOf('{period_fold:UUID}', {
      also: rest('empty(product_customers)', 'toUInt64(0)', `toInt64(places != ${PLACES})`, noHash, 'nth = 1'),
    }),
    `SELECT toStartOfMonth(${options.shopDay}) AS month, ${COUNTRY} AS of_country, product_id,
       countIf(place = 1 AND ${recorded}) AS purchases, sumIf(quantity, ${recorded}) AS units,
       sumIf(quantity * unit_price_minor, ${recorded}) AS revenue_minor, sumIf(fact.total_minor, place = 1 AND ${recorded}) AS baskets_minor,
       maxIf(fact.sold_at, ${recorded}) AS newest, toUInt64(0) AS unique_customers,
       ${sortedCustomers('fact.customer_number', recorded)} AS customers
       ${rest(none, 'purchases', 'sumIf(fact.print_rows, nth <= 1)', 'sumIf(fact.print_hash, nth <= 1)', none)}
     FROM (${newestFacts(options, fold)}) AS fact
     LEFT ARRAY JOIN fact.product_ids AS product_id, fact.quantities AS quantity, fact.unit_prices_minor AS unit_price_minor,
       arrayEnumerateUniq(fact.product_ids) AS place, arrayEnumerate(fact.product_ids) AS nth
     GROUP BY month, of_country, product_id`,
    `SELECT toDate(0), '', toLowCardinality(''), toUInt64(0), toUInt64(0), toInt64(0), toInt64(0), toDateTime64(0, 3, 'UTC'), toUInt64(0),
       arrayReduce('groupBitmapState', emptyArrayUInt32())${rest(none, 'toUInt64(0)', '-toInt64(rows)', 'toUInt64(0 - hash)', none)}
     FROM (${factsBeside(options, fold)})`,
  ];
  if (fold.running === undefined && cover.openDays.length > 0)
    parts.push(`SELECT *${rest(none, 'toUInt64(0)', noRows, noHash, none)} FROM (${openProducts(options)})`);
  return {
    sql: `
  SELECT month, of_country AS country, product_id, ${ADDED_PRODUCTS},
    sum(part.print_rows) + toInt64(max(part.numbers_only) = 1 AND sum(part.added) > 0) AS print_rows, sum(part.print_hash) AS print_hash,
    sum(part.fold_row) AS fold_row
  FROM (${parts.join('\nUNION ALL\n')}) AS part GROUP BY month, country, product_id`,
    params: { ...besideParams(cover, options, fold), ...openParams(cover, options), period_fold: fold.id },
  };
};
