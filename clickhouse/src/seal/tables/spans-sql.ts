/** The columns that the sealer writes into sealed.spans, in the order of its statements. */
const COLUMNS = [
  'clock',
  'level',
  'scope',
  'place',
  'start',
  'first_day',
  'stored_rows',
  'stored_hash',
  'facts_hash',
  'purchases',
  'items',
  'revenue_minor',
  'gross_minor',
  'discount_minor',
  'returned_minor',
  'returns',
  'newest',
  'customers',
  'breakdown',
  'product_ids',
  'product_units',
  'product_revenue_minor',
  'product_purchases',
  'product_baskets_minor',
  'product_unique_customers',
  'product_customers',
  'hour_purchases',
  'hour_items',
  'hour_revenue_minor',
  'sealed_at',
] as const;

/** Where the statements of the sealer insert. */
export const INTO_SPANS = `sealed.spans (${COLUMNS.join(', ')})`;

/** SQL of the first date of the week (a piece of a month), month or year in which the column `first_day` lies. */
export const DATE_OF = {
  week: 'toStartOfMonth(first_day) + 8 * least(intDiv(toDayOfMonth(first_day) - 1, 8), 3)',
  month: 'toStartOfMonth(first_day)',
  year: 'toStartOfYear(first_day)',
} as const;

/** SQL of the first date of the week after that. */
export const NEXT_WEEK = `if(toDayOfMonth(first_day) >= 25, ${DATE_OF.month} + INTERVAL 1 MONTH, ${DATE_OF.week} + 8)`;

/**
 * What a group of facts or spans sold, by product: units, revenue, purchases it was in, total of those purchases. The sums stand in one map.
 * Summed by `-Map`: `sumMap` of several arrays took six times as long.
 */
export const SOLD = 'f_sold';

/** The columns of products out of the map {@link SOLD} and the bitmaps of their customers (an empty list where they are not told). */
export const productColumns = (customers: { bitmaps: string; keep: boolean }): string => `
    mapKeys(${SOLD}),
    arrayMap(sums -> toUInt64(sums[1]), mapValues(${SOLD})),
    arrayMap(sums -> sums[2], mapValues(${SOLD})),
    arrayMap(sums -> toUInt64(sums[3]), mapValues(${SOLD})),
    arrayMap(sums -> sums[4], mapValues(${SOLD})),
    arrayMap(bitmap -> bitmapCardinality(bitmap), ${customers.bitmaps}),
    ${customers.keep ? customers.bitmaps : NO_BITMAPS}`;

const NO_BITMAPS = "CAST([], 'Array(AggregateFunction(groupBitmap, UInt32))')";
