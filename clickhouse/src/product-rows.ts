import { clockOf } from './calendar/shop-day.ts';
import { clickhouseTime } from './clickhouse-time.ts';
import { type Cover, inWeeks, type Scope } from './cover.ts';
import { COUNTRY, dayFacts, notAmong, ofBranchUnindexed, stillTrue } from './facts.ts';
import { productFacts } from './product-facts.ts';
import type { SealState } from './seal-state.ts';

/** SQL of rows and their parameters. */
export interface ProductRows {
  sql: string;
  params: Record<string, unknown>;
}

/** Days in a scope: all of them, or those that are not taken from seals. */
const inScope = ({ branch }: Scope, which: string): string =>
  `slot >= toStartOfFifteenMinutes({from:DateTime64(3, 'UTC')}) AND slot < {to:DateTime64(3, 'UTC')}
   AND sold_at >= {from:DateTime64(3, 'UTC')} AND sold_at < {to:DateTime64(3, 'UTC')} ${branch === undefined ? '' : 'AND branch_id = {branch:String}'} AND ${which}`;

const paramsOf = ({ from, to, branch }: Scope): Record<string, unknown> => ({
  from: clickhouseTime(from),
  to: clickhouseTime(to),
  branch: branch ?? '',
});

const factsByMonth = (shopDay: string, where: string): string =>
  productFacts({ month: `toStartOfMonth(${shopDay})`, of_country: COUNTRY }, where);

/**
 * SQL of what a scope sold by month of business days, country and product, from the facts alone: `month`, `country`, `product_id`, purchases,
 * units, revenue_minor, baskets_minor, newest and unique_customers.
 * `newest` and `unique_customers` are of each row; `country` is that of a branch now.
 */
export const productRowsOfFacts = (scope: Scope, shopDay: string): ProductRows => ({
  sql: `
  SELECT month, of_country AS country, product_id, purchases, units, revenue_minor, baskets_minor, newest,
    bitmapCardinality(customers) AS unique_customers
  FROM (${factsByMonth(shopDay, inScope(scope, '1'))})`,
  params: paramsOf(scope),
});

/** The columns of rows of products that are still to be added up. */
export const PRODUCT_COLUMNS =
  'month, of_country, product_id, purchases, units, revenue_minor, baskets_minor, newest, unique_customers, customers';

/** What rows `part` with these columns make together. A month's row knows how many customers it had, and not who; a union is never less than one of its parts. */
export const ADDED_PRODUCTS = `sum(part.purchases) AS purchases, sum(part.units) AS units,
    sum(part.revenue_minor) AS revenue_minor, sum(part.baskets_minor) AS baskets_minor, max(part.newest) AS newest,
    greatest(max(part.unique_customers), groupBitmapMerge(part.customers)) AS unique_customers`;

/** SQL of such rows from facts that meet a condition. */
export const productRowsOf = (shopDay: string, where: string): string =>
  `SELECT ${PRODUCT_COLUMNS} FROM (SELECT *, toUInt64(0) AS unique_customers FROM (${factsByMonth(shopDay, where)}))`;

/**
 * Such rows from the months, weeks and days of a cover. The statement fails with `throwIf` (code 395) when the fingerprint of what it takes is
 * not that of its facts: the cover was made from another state.
 */
export const sealedProductRows = (scope: Scope, cover: Cover, state: SealState, shopDay: string): ProductRows => {
  const { weeks, days } = inWeeks(cover.days, state);
  const ofChain = scope.branch === undefined;
  // The day of a fact that is in none of the spans counts to the span before: its fingerprint is another one then.
  const facts = `
      SELECT start, ${ofChain ? `toString(${COUNTRY})` : "''"} AS country, sum(branch_rows) AS rows, sum(branch_hash) AS hash
      FROM (
        SELECT start, branch_id, rows AS branch_rows, hash AS branch_hash
        FROM (${dayFacts(
          `roundDown(toUInt16(${shopDay}), {starts:Array(UInt16)}) AS start, branch_id`,
          'start, branch_id',
          `${shopDay} >= toDate({first_day:UInt16}) AND ${shopDay} <= toDate({last_day:UInt16})
           AND ${notAmong('{open_days:Array(UInt16)}', shopDay)} ${ofBranchUnindexed(ofChain ? undefined : '{branch:String}')}`,
        )})
      )
      GROUP BY start, country`;
  const taken = (['day', 'week', 'month'] as const).map(
    (level) => `level = '${level}' AND toUInt16(start) IN {${level}s:Array(UInt16)}`,
  );
  // From the side of the facts: each must have its seal, and a country that no branch is in any more has seals but no facts.
  const sealed = `
    SELECT toStartOfMonth(toDate(facts.start)) AS month, ${ofChain ? 'facts.country' : `toString(${COUNTRY})`} AS of_country, newest, product_ids,
      product_purchases, product_units, product_revenue_minor, product_baskets_minor,
      product_unique_customers, arrayResize(product_customers, length(product_ids)) AS product_customers
    FROM (
      SELECT toUInt16(start) AS start, toString(country) AS country, branch_id,
        stored_count, stored_hash, merged_count, merged_hash, newest,
        product_ids, product_purchases, product_units, product_revenue_minor, product_baskets_minor, product_unique_customers, product_customers
      FROM gold.sealed_products FINAL WHERE clock = '${clockOf(shopDay)}' AND branch_id = {branch:String} AND (${taken.join(' OR ')})
    ) AS sealed
    RIGHT JOIN (${facts}) AS facts ON sealed.start = facts.start AND sealed.country = facts.country
    WHERE throwIf(NOT ${stillTrue('sealed', 'facts')}, 'a seal was broken') = 0`;
  return {
    sql: `SELECT ${PRODUCT_COLUMNS} FROM (${sealed})
     ARRAY JOIN product_ids AS product_id, product_purchases AS purchases, product_units AS units, product_revenue_minor AS revenue_minor,
       product_baskets_minor AS baskets_minor, product_unique_customers AS unique_customers, product_customers AS customers`,
    params: {
      ...paramsOf(scope),
      starts: [...cover.months, ...weeks, ...days].sort((a, b) => a - b),
      months: cover.months,
      weeks,
      days,
      open_days: cover.openDays,
      first_day: cover.firstDay,
      last_day: cover.lastDay,
    },
  };
};

/** The same as {@link productRowsOfFacts} from these and from the facts of the other days. */
export const productRowsOfSeals = (scope: Scope, cover: Cover, state: SealState, shopDay: string): ProductRows => {
  const { sql, params } = sealedProductRows(scope, cover, state, shopDay);
  const parts = [sql];
  if (cover.openDays.length > 0) {
    const open = `toUInt16(toDate(slot)) IN {open_dates:Array(UInt16)} AND toUInt16(${shopDay}) IN {open_days:Array(UInt16)}`;
    parts.push(productRowsOf(shopDay, inScope(scope, open)));
  }
  return {
    sql: `
  SELECT month, of_country AS country, product_id, ${ADDED_PRODUCTS}
  FROM (${parts.join('\nUNION ALL\n')}) AS part GROUP BY month, country, product_id`,
    params: { ...params, open_dates: cover.openDates },
  };
};
