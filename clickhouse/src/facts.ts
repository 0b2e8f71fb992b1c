/**
 * The hash of one row of silver.purchases: of everything that places or counts it, its identity and its version.
 * Summed (with wrap-around) over a slot it is the slot's fingerprint. Sum, not xor: a pair of equal rows would cancel.
 */
export const FACT_HASH =
  'cityHash64(purchase_id, version, status, branch_id, sold_at, total_minor, units, product_ids, quantities, unit_prices_minor, customer_number)';

/** The hash that the fact of a void purchase had before: as {@link FACT_HASH}, of the version before. */
export const HASH_BEFORE = FACT_HASH.replace(
  'version, status',
  "toUInt64(version - 65536), CAST('recorded', 'Enum8(\\'recorded\\' = 1, \\'voided\\' = 2)')",
);

/** SQL of a bitmap of customers. A number added behind the others costs a quarter of one that has to find its place. */
export const sortedCustomers = (number: string, counts = '1'): string =>
  `arrayReduce('groupBitmapState', arraySort(groupArrayIf(${number}, ${counts} AND ${number} != 0)))`;

/** Sums of the purchases of a group, as SQL over `silver.purchases AS fact FINAL`. */
export const SUMS_OF_FACTS = `
    countIf(fact.status = 'recorded') AS purchases,
    sumIf(fact.units, fact.status = 'recorded') AS items,
    sumIf(fact.total_minor, fact.status = 'recorded') AS revenue_minor,
    maxIf(fact.sold_at, fact.status = 'recorded') AS newest`;

/** Their customers, as a bitmap. */
const CUSTOMERS_OF_FACTS = `
    ${sortedCustomers('fact.customer_number', "fact.status = 'recorded'")} AS customers`;

/**
 * What they sold, as a map: of each product its units, their revenue and the purchases it was in. Summed by `-Map`: `sumMap` of several arrays
 * took six times as long.
 */
export const SOLD_OF_FACTS = `
    sumForEachMapIf(
      mapFromArrays(fact.product_ids, arrayMap(
        (quantity, price, place) -> [toInt64(quantity), toInt64(quantity * price), toInt64(place = 1)],
        fact.quantities, fact.unit_prices_minor, arrayEnumerateUniq(fact.product_ids))),
      fact.status = 'recorded') AS sold`;

/**
 * All of that; {@link UNPACKED} around it gives {@link FIGURES}. In two steps, because a name that is a column and a figure would be taken for
 * the figure.
 */
export const FIGURES_OF_FACTS = [SUMS_OF_FACTS, CUSTOMERS_OF_FACTS, SOLD_OF_FACTS].join(',');

/** What {@link SOLD_OF_FACTS} says of each product, in the order of its sums. */
const SOLD = [
  ['product_units', 'toUInt64(sums[1])'],
  ['product_revenue_minor', 'sums[2]'],
  ['product_purchases', 'toUInt64(sums[3])'],
] as const;

const unpacked = (only = (column: string) => column): string =>
  [
    'purchases, items, revenue_minor, newest, customers',
    `${only('mapKeys(sold)')} AS product_ids`,
    ...SOLD.map(([name, sum]) => `${only(`arrayMap(sums -> ${sum}, mapValues(sold))`)} AS ${name}`),
  ].join(', ');

/** {@link FIGURES} out of {@link FIGURES_OF_FACTS}. */
export const UNPACKED = unpacked();

/** {@link UNPACKED} without products. */
export const UNPACKED_HOUR = unpacked(() => '[]');

/** {@link UNPACKED}, without products in the rows of hours. */
export const UNPACKED_SPAN = unpacked((column) => `if(grain = 'whole', ${column}, [])`);

/** The columns that every sealed row carries, in the order in which they are inserted. */
export const FIGURES =
  'purchases, items, revenue_minor, newest, customers, product_ids, product_units, product_revenue_minor, product_purchases';

/** SQL of what a row with {@link FIGURES} sold, as the map of {@link SOLD_OF_FACTS}. */
export const soldOf = (row: string): string => `mapFromArrays(${row}product_ids, arrayMap(
      (units, revenue, purchases) -> [toInt64(units), revenue, toInt64(purchases)],
      ${row}product_units, ${row}product_revenue_minor, ${row}product_purchases))`;

/** The figures of a longer period, folded from rows `part` that carry {@link FIGURES}; {@link UNPACKED} goes around it, too. */
export const FOLDED_FIGURES = `
    sum(part.purchases) AS purchases,
    sum(part.items) AS items,
    sum(part.revenue_minor) AS revenue_minor,
    max(part.newest) AS newest,
    groupBitmapMergeState(part.customers) AS customers,
    sumForEachMap(${soldOf('part.')}) AS sold`;

/**
 * Whether a sealed row still tells the truth: its fingerprint, of the rows as they were stored or as they are after a
 * full merge, is the one of the facts now. A row that was never sealed has zeros and no facts ever count zero.
 */
export const stillTrue = (sealed: string, facts: string): string =>
  `((${sealed}.stored_count = ${facts}.rows AND ${sealed}.stored_hash = ${facts}.hash) OR (${sealed}.merged_count = ${facts}.rows AND ${sealed}.merged_hash = ${facts}.hash))`;

/**
 * SQL that is true for business days that are not listed, by a function that no index knows: for `NOT IN` ClickHouse would look through
 * the key of all facts, for longer than it takes to read the few rows in question.
 */
export const notAmong = (days: string, shopDay: string): string => `indexOf(${days}, toUInt16(${shopDay})) = 0`;

/** SQL that is true for the rows of a branch, or of all; no index knows it either. */
export const ofBranchUnindexed = (branch: string | undefined): string =>
  branch === undefined ? '' : `AND indexOf([${branch}], toString(branch_id)) = 1`;

/** The fingerprint of every slot now, from the projection `facts_by_slot`: as cheap as the number of slots. */
export const slotFacts = (where: string): string =>
  `SELECT slot, branch_id, count() AS rows, sum(${FACT_HASH}) AS hash FROM silver.purchases WHERE ${where} GROUP BY slot, branch_id`;

/**
 * The fingerprints of business days now, or of what `columns` make of them, from the projection `facts_by_day`.
 * `last_date` is there for the planner alone: it takes that projection only for a column that the other one lacks.
 */
export const dayFacts = (columns: string, keys: string, where: string): string =>
  `SELECT ${columns}, count() AS rows, sum(${FACT_HASH}) AS hash, max(toDate(slot)) AS last_date
   FROM silver.purchases WHERE ${where} GROUP BY ${keys} HAVING last_date >= '1970-01-01'`;

/** The fingerprint of whole business days together, as one row, from the same projection. */
export const allFacts = (where: string): string =>
  `SELECT count() AS rows, sum(${FACT_HASH}) AS hash, max(toDate(slot)) AS last_date
   FROM silver.purchases WHERE ${where} HAVING last_date >= '1970-01-01'`;

/**
 * The settings under which all references of a statement to a table see one moment of it; everything here rests on it.
 * The last one is for speed: the key of every partitioned table decides its partition, so a partition that is one part
 * needs no merging.
 */
export const ONE_SNAPSHOT =
  'SETTINGS enable_shared_storage_snapshot_in_query = 1, optimize_trivial_count_query = 0, enable_materialized_cte = 1, do_not_merge_across_partitions_select_final = 1';

/** For a question with little to read: most of its time is planning, and threads to share the rest only cost more. */
export const ONE_THREAD = 'max_threads = 1';

/** Which branches are in which countries now, and a hash of that; the same subquery everywhere, so that a statement asks it once. */
export const BRANCHES_NOW =
  '(SELECT (groupArray(toString(branch_id)), groupArray(toString(country)), sum(cityHash64(branch_id, country))) FROM gold.branches)';

/** SQL for the country that a column `branch_id` is in now; empty where the catalog does not know the branch. */
export const COUNTRY = `transform(toString(branch_id), (${BRANCHES_NOW} AS branches_now).1, branches_now.2, '')`;

/** SQL for a hash of where all branches are: who is in which country is not in the fingerprint of facts. */
export const PLACES = `${BRANCHES_NOW}.3`;
