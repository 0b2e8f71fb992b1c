import { clickhouseTime } from './clickhouse-time.ts';
import type { Cover, Scope } from './cover.ts';
import { COUNTRY, dayFacts } from './facts.ts';
import { FOLDED_PRODUCTS, productFacts, UNPACKED_PRODUCTS } from './product-facts.ts';
import { clockOf } from './shop-day.ts';

/** SQL of rows, with the common table expressions that it needs before it, and their parameters. */
export interface ProductRows {
  /** To stand after WITH, without a comma at the end; empty when there are none. */
  ctes: string;
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

const COLUMNS = 'month, country, product_id, purchases, units, revenue_minor, baskets_minor, newest, unique_customers';

/** Rows of days put together by month, country and product. */
const byMonth = (rows: string): string => `
  SELECT month, country, product_id, purchases, units, revenue_minor, baskets_minor, newest, bitmapCardinality(customers) AS unique_customers
  FROM (
    SELECT toStartOfMonth(part.of_day) AS month, part.of_country AS country, part.product_id AS product_id, ${FOLDED_PRODUCTS}
    FROM (${rows}) AS part GROUP BY month, country, product_id
  )`;

/**
 * SQL of what a scope sold by month of business days, country and product, from the facts alone.
 * `newest` and `unique_customers` are of each row; `country` is that of a branch now.
 */
export const productRowsOfFacts = (scope: Scope, shopDay: string): ProductRows => ({
  ctes: '',
  sql: byMonth(productFacts(shopDay, inScope(scope, '1'))),
  params: paramsOf(scope),
});

/**
 * The same from months and days that are sealed, and from the facts of the other days. The statement fails with `throwIf`
 * (code 395) when the fingerprint of what it takes is not that of its facts: the cover was made from another state.
 */
export const productRowsOfSeals = (scope: Scope, cover: Cover, shopDay: string): ProductRows => {
  const month = `toUInt16(toStartOfMonth(${shopDay}))`;
  const taken = `
      clock = '${clockOf(shopDay)}' AND branch_id = {branch:String}
      AND (level = 'month' AND toUInt16(start) IN {months:Array(UInt16)} OR level = 'day' AND toUInt16(start) IN {days:Array(UInt16)})`;
  const facts = `
      SELECT span, began, country, sum(rows_of_branch) AS rows, sum(hash_of_branch) AS hash
      FROM (
        SELECT span, began, ${scope.branch === undefined ? `toString(${COUNTRY})` : "''"} AS country, rows AS rows_of_branch, hash AS hash_of_branch
        FROM (${dayFacts(
          `if(${month} IN {months:Array(UInt16)}, 2, 1) AS span, if(${month} IN {months:Array(UInt16)}, ${month}, toUInt16(${shopDay})) AS began, branch_id`,
          'span, began, branch_id',
          `${shopDay} >= toDate({first_day:UInt16}) AND ${shopDay} <= toDate({last_day:UInt16})
           AND toUInt16(${shopDay}) NOT IN {open_days:Array(UInt16)} ${scope.branch === undefined ? '' : 'AND branch_id = {branch:String}'}`,
        )})
      )
      GROUP BY span, began, country`;
  const seals = `
      SELECT toUInt8(level), toUInt16(start), toString(country), print.1, print.2
      FROM (SELECT level, start, country, [(stored_count, stored_hash), (merged_count, merged_hash)] AS prints FROM gold.sealed_products FINAL WHERE ${taken})
      ARRAY JOIN prints AS print`;
  const proof = `(SELECT throwIf(count() > 0, 'a seal was broken') FROM facts WHERE (span, began, country, rows, hash) NOT IN (${seals})) = 0`;
  // A country that no branch is in any more has rows but no facts.
  const sealed = (level: 'day' | 'month') => `
      (SELECT * FROM gold.sealed_products FINAL WHERE ${taken} AND level = '${level}' AND ${proof}
        AND (toUInt8(level), toUInt16(start), toString(country)) IN (SELECT span, began, country FROM facts))`;
  const countryOf = `toString(${scope.branch === undefined ? 'country' : COUNTRY})`;
  const days = `
    SELECT start AS of_day, ${countryOf} AS of_country, product_id, purchases, units, revenue_minor, baskets_minor, newest, customers
    FROM ${sealed('day')} ${UNPACKED_PRODUCTS}`;
  const open = `
    SELECT of_day, of_country, product_id, purchases, units, revenue_minor, baskets_minor, newest, customers
    FROM (${productFacts(
      shopDay,
      inScope(
        scope,
        `toUInt16(toDate(slot)) IN {open_dates:Array(UInt16)} AND toUInt16(${shopDay}) IN {open_days:Array(UInt16)}`,
      ),
    )})`;
  const selects = [];
  if (cover.months.length > 0) {
    selects.push(`
    SELECT start AS month, ${countryOf} AS country, product_id, purchases, units, revenue_minor, baskets_minor, newest, unique_customers
    FROM ${sealed('month')}
    ARRAY JOIN product_ids AS product_id, product_purchases AS purchases, product_units AS units, product_revenue_minor AS revenue_minor,
      product_baskets_minor AS baskets_minor, product_unique_customers AS unique_customers`);
  }
  if (cover.days.length + cover.openDays.length > 0) {
    const parts = [...(cover.days.length > 0 ? [days] : []), ...(cover.openDays.length > 0 ? [open] : [])];
    selects.push(byMonth(parts.join('\nUNION ALL\n')));
  }
  return {
    ctes: `facts AS MATERIALIZED (${facts})`,
    sql: selects.map((select) => `SELECT ${COLUMNS} FROM (${select})`).join('\nUNION ALL\n'),
    params: {
      ...paramsOf(scope),
      months: cover.months,
      days: cover.days,
      open_days: cover.openDays,
      open_dates: cover.openDates,
      first_day: cover.firstDay,
      last_day: cover.lastDay,
    },
  };
};
