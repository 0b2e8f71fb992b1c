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
  'newest',
  'customers',
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
] as const;

/** Where the statements of the sealer insert. */
export const INTO_SPANS = `sealed.spans (${COLUMNS.join(', ')})`;

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
