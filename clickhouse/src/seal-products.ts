import { shopCalendar } from './calendar/shop-calendar.ts';
import { clockOf, shopDaySql } from './calendar/shop-day.ts';
import type { ClickHouse } from './client.ts';
import { firstOfMonth, firstOfWeek, firstOfWeekSql } from './cover.ts';
import { COUNTRY, dayFacts, stillTrue } from './facts.ts';
import { FOLDED_PRODUCTS, productFacts, sealedKeys, UNPACKED_PRODUCTS } from './product-facts.ts';
import type { SealOptions } from './seal.ts';
import { readSealState } from './seal-state.ts';
import { between, chunksOf, datesOf, inDays, insertSealed, mergePartitions, partitionOf } from './sealing.ts';

/**
 * Seals the products of business days from facts, of weeks from days and of months from weeks, by branch and by country, where
 * they are over and not sealed as the facts are now. Days must be sealed as spans before: their fingerprints are taken from there.
 * Gives the number of rows written.
 */
export const sealProducts = async (clickhouse: ClickHouse, options: SealOptions): Promise<number> => {
  const { shop, now, graceMs = 60_000, force = false, daysAtOnce = 31, progress, signal } = options;
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  const state = await readSealState(clickhouse, shopDay, 'products', signal);
  if (state.days === undefined) return 0;
  const isOver = (after: number) => calendar.dayStart(after) + graceMs <= now;
  let rows = 0;

  const stale = force ? between(state.days.first, state.days.last) : [...state.openDays].sort((a, b) => a - b);
  const days = stale.filter((day) => isOver(day + 1));
  let done = 0;
  for (const chunk of chunksOf(days, state.facts, daysAtOnce)) {
    signal?.throwIfAborted();
    const params = { days: chunk, dates: datesOf(chunk, calendar) };
    rows += await insertSealed(clickhouse, 'gold.sealed_products', daysSql(shopDay), params);
    done += chunk.length;
    progress?.(done, days.length);
  }

  const spans = [
    { level: 'week', open: state.openWeeks, first: firstOfWeek, sql: spanSql(shopDay, 'day', 'week') },
    { level: 'month', open: state.openMonths, first: firstOfMonth, sql: spanSql(shopDay, 'week', 'month') },
  ] as const;
  const written = new Set(days.map((day) => partitionIn('day', day)));
  for (const { level, open, first, sql } of spans) {
    const starts = force ? [...new Set(stale.map((day) => first(day)))] : [...open];
    for (const start of starts.filter((start) => isOver(first(start, 1))).sort((a, b) => a - b)) {
      signal?.throwIfAborted();
      const params = { first_day: start, last_day: first(start, 1) - 1 };
      rows += await insertSealed(clickhouse, 'gold.sealed_products', sql, params);
      // Months are but numbers: there it costs nothing to read several parts.
      if (level === 'week') written.add(partitionIn(level, start));
    }
  }
  await mergePartitions(clickhouse, 'sealed_products', written);
  return rows;
};

/** Levels of gold.sealed_products whose partitions are made one part, with the months that one holds. */
const PARTITIONS = { day: [1, 1], week: [4, 3] } as const;

const partitionIn = (of: keyof typeof PARTITIONS, start: number): number => {
  const [level, months] = PARTITIONS[of];
  return partitionOf(level, start, months);
};

/** The columns of gold.sealed_products are filled in this order. */
const FIGURES = `
    products.newest, products.product_ids, products.product_purchases, products.product_units, products.product_revenue_minor,
    products.product_baskets_minor, products.product_unique_customers, products.product_customers`;

/** Rows of products put together to one row of parallel arrays. */
const packed = (keys: string, rows: string, customers: string): string => `
    SELECT ${keys}, max(newest_sale) AS newest, groupArray(product_id) AS product_ids, groupArray(purchases) AS product_purchases,
      groupArray(units) AS product_units, groupArray(revenue_minor) AS product_revenue_minor,
      groupArray(baskets_minor) AS product_baskets_minor, groupArray(bitmapCardinality(customers)) AS product_unique_customers,
      ${customers} AS product_customers
    FROM (SELECT * EXCEPT newest, newest AS newest_sale FROM (${rows})) GROUP BY ${keys}`;

const NO_CUSTOMERS = "CAST([], 'Array(AggregateFunction(groupBitmap, UInt32))')";

/** Products of those days whose span is sealed as its facts are now: all branches and countries of a day, or none. */
const daysSql = (shopDay: string): string => {
  const states = `
      SELECT facts.day AS of_day, toString(facts.branch_id) AS branch, toString(facts.country) AS of_country, facts.rows AS rows, facts.hash AS hash,
        whole.merged_count AS merged_rows, whole.merged_hash AS merged, ${stillTrue('whole', 'facts')} AS is_true
      FROM (SELECT day, branch_id, ${COUNTRY} AS country, rows, hash FROM (${dayFacts(`${shopDay} AS day, branch_id`, 'day, branch_id', inDays(shopDay))})) AS facts
      LEFT JOIN (
        SELECT start, branch_id, stored_count, stored_hash, merged_count, merged_hash FROM gold.sealed_spans FINAL
        WHERE level = 'day' AND grain = 'whole' AND branch_id != '' AND clock = '${clockOf(shopDay)}' AND toUInt16(start) IN {days:Array(UInt16)}
      ) AS whole ON whole.start = facts.day AND whole.branch_id = facts.branch_id`;
  const products = `
      SELECT of_day, branch, of_country, product_id, ${FOLDED_PRODUCTS}
      FROM (${productFacts(sealedKeys(shopDay), inDays(shopDay))}) AS part
      GROUP BY GROUPING SETS ((of_day, branch, product_id), (of_day, of_country, product_id))`;
  return `
    SELECT 'day', prints.branch, prints.of_day, prints.of_country, '${clockOf(shopDay)}',
      prints.stored_rows, prints.stored, prints.merged_count, prints.merged_sum, ${FIGURES}
    FROM (
      SELECT of_day, branch, of_country, sum(rows) AS stored_rows, sum(hash) AS stored, sum(merged_rows) AS merged_count, sum(merged) AS merged_sum
      FROM (${states}) WHERE of_day NOT IN (SELECT of_day FROM (${states}) WHERE NOT is_true)
      GROUP BY GROUPING SETS ((of_day, branch), (of_day, of_country))
    ) AS prints
    LEFT JOIN (${packed('of_day, branch, of_country', products, 'groupArray(customers)')}) AS products
      ON products.of_day = prints.of_day AND products.branch = prints.branch AND products.of_country = prints.of_country`;
};

/** Products of a week or month all of whose days or weeks are sealed as their facts are now; otherwise none. */
const spanSql = (shopDay: string, from: 'day' | 'week', to: 'week' | 'month'): string => {
  const inSpan = (day: string) => `${day} >= toDate({first_day:UInt16}) AND ${day} <= toDate({last_day:UInt16})`;
  const parts = `SELECT * FROM gold.sealed_products FINAL WHERE level = '${from}' AND clock = '${clockOf(shopDay)}' AND ${inSpan('start')}`;
  const states = `
      SELECT facts.of_start AS of_start, facts.branch AS branch, facts.of_country AS of_country, facts.rows AS rows, facts.hash AS hash,
        sealed.merged_count AS merged_rows, sealed.merged_hash AS merged, ${stillTrue('sealed', 'facts')} AS is_true
      FROM (
        SELECT of_start, branch, of_country, sum(day_rows) AS rows, sum(day_hash) AS hash
        FROM (
          SELECT ${from === 'day' ? 'day' : firstOfWeekSql('day')} AS of_start, toString(branch_id) AS branch, toString(${COUNTRY}) AS of_country,
            rows AS day_rows, hash AS day_hash
          FROM (${dayFacts(`${shopDay} AS day, branch_id`, 'day, branch_id', inSpan(shopDay))})
        )
        GROUP BY GROUPING SETS ((of_start, branch), (of_start, of_country))
      ) AS facts
      LEFT JOIN (SELECT start, branch_id, country, stored_count, stored_hash, merged_count, merged_hash FROM (${parts})) AS sealed
        ON sealed.start = facts.of_start AND sealed.branch_id = facts.branch AND sealed.country = facts.of_country`;
  // A country that no branch is in any more has rows but no facts.
  const products = `
      SELECT toString(part.branch_id) AS branch, toString(part.country) AS of_country, part.product_id AS product_id, ${FOLDED_PRODUCTS}
      FROM (
        SELECT branch_id, country, newest, product_id, purchases, units, revenue_minor, baskets_minor, customers
        FROM (SELECT * FROM (${parts}) WHERE (start, branch_id, country) IN (SELECT of_start, branch, of_country FROM (${states})))
        ${UNPACKED_PRODUCTS}
      ) AS part
      GROUP BY branch, of_country, product_id`;
  return `
    SELECT '${to}', prints.branch, toDate({first_day:UInt16}), prints.of_country, '${clockOf(shopDay)}',
      prints.stored_rows, prints.stored, prints.merged_count, prints.merged_sum, ${FIGURES}
    FROM (
      SELECT branch, of_country, sum(rows) AS stored_rows, sum(hash) AS stored, sum(merged_rows) AS merged_count, sum(merged) AS merged_sum
      FROM (${states}) WHERE (SELECT countIf(NOT is_true) FROM (${states})) = 0
      GROUP BY branch, of_country
    ) AS prints
    LEFT JOIN (${packed('branch, of_country', products, to === 'month' ? NO_CUSTOMERS : 'groupArray(customers)')}) AS products
      ON products.branch = prints.branch AND products.of_country = prints.of_country`;
};
