import type { ClickHouse } from '@tillstream/clickhouse/client';
import { customerId, insert, purchaseSql, type Seed } from './seed.ts';

/** Purchases whose customers are told by one pass: bounds its memory. */
const PASS = 16_000_000;

/** The purchase that makes a customer loyal. */
const LOYAL = 3;

/**
 * Fills silver with the customers of the seeded purchases as Postgres would tell them: what each bought in the chain and in each
 * branch, and the moments of the first purchase and of the one that made them loyal. Voids do not count. Each pass makes the
 * purchases of some customers anew, which takes less than reading all of them back.
 */
export const fillCustomers = async (clickhouse: ClickHouse, seed: Seed): Promise<void> => {
  const passes = Math.ceil(seed.purchases / PASS);
  await clickhouse.command('CREATE DATABASE IF NOT EXISTS bench');
  for (let pass = 0; pass < passes; pass++) {
    await clickhouse.command(`CREATE OR REPLACE TABLE bench.customer_branches (branch String, number UInt32, purchases UInt32, spent_minor Int64,
      moments Array(DateTime64(3, 'UTC')) COMMENT 'of the first purchases', last DateTime64(3, 'UTC')) ENGINE = Memory`);
    await insert(clickhouse, customersOfBranches(seed, `customer % ${passes} = ${pass}`));
    await insert(clickhouse, customerBranches);
    await insert(clickhouse, customers);
    await insert(clickhouse, milestones('branch', 'bench.customer_branches'));
    await insert(clickhouse, milestones("''", `(${ofChain})`));
  }
  await clickhouse.command('DROP DATABASE bench');
};

const customersOfBranches = (seed: Seed, which: string): string => `
  INSERT INTO bench.customer_branches
  WITH ${purchaseSql(seed)}
  SELECT branch, customer, count(), sum(arraySum(prices)), groupArraySorted(${LOYAL})(moment), max(moment)
  FROM numbers(${seed.purchases}) WHERE ${which} AND customer > 0 AND NOT is_void
  GROUP BY branch, customer`;

/** Customers of branches together, each with the moments of the first purchases anywhere. */
const ofChain = `
  SELECT number, sum(purchases) AS purchases, sum(spent_minor) AS spent_minor,
    arraySlice(arraySort(groupArrayArray(moments)), 1, ${LOYAL}) AS moments, max(last) AS last
  FROM bench.customer_branches GROUP BY number`;

const SNAPSHOT = `1 AS revision, purchases, spent_minor, if(length(moments) < ${LOYAL}, NULL, moments[${LOYAL}]) AS loyal_since,
    moments[1] AS first_sold_at, last AS last_sold_at`;

const customerBranches = `
  INSERT INTO silver.customer_branches
  SELECT branch AS branch_id, ${customerId('number')} AS customer_id, number, ${SNAPSHOT} FROM bench.customer_branches`;

const customers = `
  INSERT INTO silver.customers
  SELECT ${customerId('number')} AS customer_id, number, ${SNAPSHOT} FROM (${ofChain})`;

const milestones = (branch: string, rows: string): string => `
  INSERT INTO silver.customer_milestones
  SELECT ${branch} AS branch_id, if(nth = 1, 'first', 'loyal') AS milestone, toStartOfFifteenMinutes(toDateTime(moment, 'UTC')) AS slot,
    number AS customer_number, moment, true AS active, 1 AS revision, moment AS arrived_at
  FROM ${rows} ARRAY JOIN moments AS moment, arrayEnumerate(moments) AS nth
  WHERE nth IN (1, ${LOYAL})`;
