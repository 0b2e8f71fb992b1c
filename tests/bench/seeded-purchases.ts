import type { ClickHouse } from '@tillstream/clickhouse/client';

/** What is generated: a chain of that many branches over three years up to `until`. */
export interface Seed {
  purchases: number;
  branches: number;
  customers: number;
  products: number;
  /** Where the three years end, ms since 1970. */
  until: number;
}

export const YEARS = 3;

/** Purchases per statement: bounds the memory and the time of an insert. */
const CHUNK = 500_000;

/**
 * Fills silver.purchases with the same rows for the same seed: sales evenly over three years around the clock, a card
 * in nine of ten; 0.5 % come late (in a later insert), 1 % come twice, 1 % are voided.
 */
export const fillSilver = async (clickhouse: ClickHouse, seed: Seed): Promise<void> => {
  for (let first = 0; first < seed.purchases; first += CHUNK) {
    const numbers = `numbers(${first}, ${Math.min(CHUNK, seed.purchases - first)})`;
    await insert(clickhouse, rows(seed, numbers, 'n % 200 != 7'));
    await insert(clickhouse, rows(seed, numbers, 'n % 200 = 7'));
    await insert(clickhouse, rows(seed, numbers, "sipHash64(n, 'twice') % 100 = 0"));
    await insert(clickhouse, rows(seed, numbers, "sipHash64(n, 'void') % 100 = 0", 'voided'));
  }
};

/** Catalog, branches and customers that fit the purchases. Call after {@link fillSilver}. */
export const fillCatalog = async (clickhouse: ClickHouse, seed: Seed): Promise<void> => {
  await insert(
    clickhouse,
    `INSERT INTO silver.products SELECT concat('product-', toString(number)), 1, concat('Product ', toString(number)), 100 + number * 17, 'EUR', true FROM numbers(${seed.products})`,
  );
  await insert(
    clickhouse,
    `INSERT INTO silver.branches SELECT concat('SMKT', leftPad(toString(number + 1), 3, '0')), 1, concat('Branch ', toString(number + 1)), ['Germany', 'Austria', 'France'][number % 3 + 1] FROM numbers(${seed.branches})`,
  );
  await insert(
    clickhouse,
    `INSERT INTO silver.customers SELECT ${customerId('toUInt32(number + 1)')}, toUInt32(number + 1), 1, ${snapshot(seed)} FROM numbers(${seed.customers})`,
  );
  await fillCustomerBranches(clickhouse, seed);
};

/** Each customer in each branch, as long as there is a purchase for it. */
const fillCustomerBranches = async (clickhouse: ClickHouse, seed: Seed): Promise<void> => {
  const all = Math.min(seed.purchases, seed.customers * seed.branches);
  for (let first = 0; first < all; first += CHUNK) {
    await insert(
      clickhouse,
      `INSERT INTO silver.customer_branches
       SELECT concat('SMKT', leftPad(toString(1 + number % ${seed.branches}), 3, '0')), ${customerId('customer')}, customer, 1, ${snapshot(seed)}
       FROM (SELECT number, toUInt32(1 + intDiv(number, ${seed.branches}) % ${seed.customers}) AS customer FROM numbers(${first}, ${Math.min(CHUNK, all - first)}))`,
    );
  }
};

/** The third sale's moment would take a sort per customer; when loyalty began is spread over time instead. */
const snapshot = ({ until }: Seed): string => {
  const [began, lasted] = [until - YEARS * 365 * 86_400_000, YEARS * 365 * 86_400_000];
  return `toUInt32(3) AS purchases, toInt64(1000) AS spent_minor,
    fromUnixTimestamp64Milli(toInt64(${began}) + toInt64(sipHash64(number, 'loyal') % ${lasted}), 'UTC') AS loyal_since,
    loyal_since AS first_sold_at, loyal_since AS last_sold_at`;
};

/** SQL for the id of a customer with a number (UInt32). */
export const customerId = (number: string): string =>
  `reinterpretAsUUID(concat(reinterpretAsString(sipHash64(${number})), 'customer'))`;

const rows = (
  { purchases, branches, customers, products, until }: Seed,
  source: string,
  where: string,
  status = 'recorded',
) => `
  INSERT INTO silver.purchases
  WITH
    number AS n,
    fromUnixTimestamp64Milli(toInt64(${until - YEARS * 365 * 86_400_000} + intDiv(n * ${YEARS * 365 * 86_400}, ${purchases}) * 1000), 'UTC') AS moment,
    1 + sipHash64(n, 'items') % 4 AS size,
    arrayMap(i -> (sipHash64(n, 'first') + i * 7) % ${products}, range(size)) AS picked,
    arrayMap(p -> toInt64(100 + p * 17), picked) AS prices
  SELECT toStartOfFifteenMinutes(toDateTime(moment, 'UTC')) AS slot,
    concat('SMKT', leftPad(toString(1 + sipHash64(n, 'branch') % ${branches}), 3, '0')) AS branch_id,
    reinterpretAsUUID(concat(reinterpretAsString(sipHash64(n, 'id')), reinterpretAsString(n))) AS purchase_id,
    ${status === 'recorded' ? 1 : 2} * 65536 + 1 AS version, '${status}' AS status, moment AS sold_at, moment AS recorded_at, 'EUR' AS currency,
    arraySum(prices) AS total_minor, size AS units,
    arrayMap(p -> concat('product-', toString(p)), picked) AS product_ids, arrayMap(p -> 1, picked) AS quantities, prices AS unit_prices_minor,
    if(customer_number = 0, toUUID('00000000-0000-0000-0000-000000000000'), ${customerId('customer_number')}) AS customer_id,
    toUInt32(if(sipHash64(n, 'card') % 10 = 0, 0, 1 + sipHash64(n, 'customer') % ${customers})) AS customer_number
  FROM ${source} WHERE ${where}`;

const insert = (clickhouse: ClickHouse, sql: string) =>
  clickhouse.command(
    `${sql} SETTINGS max_insert_threads = 1, max_threads = 2, max_insert_block_size = 1048576, min_insert_block_size_rows = 1048576`,
  );
