import type { ClickHouse } from '@tillstream/clickhouse/client';
import { branchName, customerId, IS_VOID, insert, purchaseSql, type Seed } from './seed.ts';
import { fillCustomers } from './seeded-customers.ts';

/** Purchases per statement: bounds the memory of an insert. */
const CHUNK = 2_000_000;

/** The newest of so many are inserted as they come in a shop: late ones, repeats and voids by themselves, not merged yet. */
const NEWEST = 50;

/**
 * Fills silver with the same rows for the same seed, as far as its figures depend on them: sales evenly over three years around
 * the clock, a card in nine of ten, six cashiers a branch, 1 % voided, and the customers of all these. Of the newest 2 %, 0.5 % come late (in a later
 * insert), 1 % come twice, and voids come after the sales; before, all that is merged.
 */
export const fillSilver = async (clickhouse: ClickHouse, seed: Seed): Promise<void> => {
  const merged = seed.purchases - Math.ceil(seed.purchases / NEWEST);
  for (let first = 0; first < merged; first += CHUNK) {
    await insert(
      clickhouse,
      purchasesSql(seed, first, Math.min(CHUNK, merged - first), 'true', `if(${IS_VOID}, 2, 1)`),
    );
  }
  for (let first = merged; first < seed.purchases; first += CHUNK) {
    const some = [seed, first, Math.min(CHUNK, seed.purchases - first)] as const;
    await insert(clickhouse, purchasesSql(...some, 'n % 200 != 7', '1'));
    await insert(clickhouse, purchasesSql(...some, 'n % 200 = 7', '1'));
    await insert(clickhouse, purchasesSql(...some, "sipHash64(n, 'twice') % 100 = 0", '1'));
    await insert(clickhouse, purchasesSql(...some, IS_VOID, '2'));
  }
  await fillCatalog(clickhouse, seed);
  await fillCustomers(clickhouse, seed);
};

const fillCatalog = async (clickhouse: ClickHouse, seed: Seed): Promise<void> => {
  await insert(
    clickhouse,
    `INSERT INTO silver.products SELECT concat('product-', toString(number)), 1, concat('Product ', toString(number)), 100 + number * 17, 'EUR', true, concat('Category ', toString(number % 5)), 'piece', '', false FROM numbers(${seed.products})`,
  );
  await insert(
    clickhouse,
    `INSERT INTO silver.branches SELECT ${branchName('number')}, 1, concat('Branch ', toString(number + 1)), ['Germany', 'Austria', 'France'][number % 3 + 1] FROM numbers(${seed.branches})`,
  );
};

const purchasesSql = (seed: Seed, first: number, count: number, where: string, version: string): string => `
  INSERT INTO silver.purchases (slot, branch_id, purchase_id, version, status, kind, sold_at, recorded_at, currency, gross_minor, discount_minor,
    total_minor, units, product_ids, quantities, unit_prices_minor, line_totals_minor, customer_id, customer_number, cashier, channel,
    tender_types, tender_amounts_minor, arrived_at)
  WITH ${purchaseSql(seed)}, ${version} AS of_version
  SELECT toStartOfFifteenMinutes(toDateTime(moment, 'UTC')) AS slot,
    branch AS branch_id,
    reinterpretAsUUID(concat(reinterpretAsString(sipHash64(n, 'id')), reinterpretAsString(n))) AS purchase_id,
    of_version * 65536 + 1 AS version, if(of_version = 1, 'recorded', 'voided') AS status, 'sale' AS kind, moment AS sold_at, moment AS recorded_at, 'EUR' AS currency,
    arraySum(prices) AS gross_minor, 0 AS discount_minor, gross_minor AS total_minor, size AS units,
    arrayMap(p -> concat('product-', toString(p)), picked) AS product_ids, arrayMap(p -> 1, picked) AS quantities, prices AS unit_prices_minor, prices AS line_totals_minor,
    if(customer = 0, toUUID('00000000-0000-0000-0000-000000000000'), ${customerId('customer')}) AS customer_id,
    customer AS customer_number, cashier_name AS cashier, sold_by AS channel, paid_by AS tender_types, paid AS tender_amounts_minor, moment AS arrived_at
  FROM numbers(${first}, ${count}) WHERE ${where}`;
