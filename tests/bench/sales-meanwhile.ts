import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';
import { customerId, type Seed } from './seeded-purchases.ts';

const PAUSE_MS = 250;
const LATE_MS = 21 * 86_400_000;

interface Sale {
  n: number;
  customer: number;
  moment: number;
  recorded: number;
  status: 'recorded' | 'voided';
}

/**
 * Lets sales into silver, four inserts a second, each with the snapshots of its customers, until the signal; gives how many. They are sold one
 * second of the clock after the other from `from` on and recorded from `recordedFrom` on; 0.5 % of them three weeks before, and 1 % are
 * voided some seconds later.
 */
export const sellMeanwhile = async (
  clickhouse: ClickHouse,
  seed: Seed,
  {
    from,
    recordedFrom = from,
    rate,
    voidAfter = 2.5,
    signal,
  }: { from: number; recordedFrom?: number; rate: number; voidAfter?: number; signal: AbortSignal },
): Promise<number> => {
  const each = Math.round((rate * PAUSE_MS) / 1000);
  const sale = (n: number, status: Sale['status'] = 'recorded'): Sale => {
    const elapsed = Math.floor(n / rate) * 1000;
    const [moment, recorded] = [from + elapsed - (n % 200 === 7 ? LATE_MS : 0), recordedFrom + elapsed];
    return { n, customer: 1 + ((n * 7919) % seed.customers), moment, recorded, status };
  };
  const before = Math.round(voidAfter * rate);
  const first = await numberOfNext(clickhouse);
  let sold = 0;
  while (each > 0 && !signal.aborted) {
    const sales = Array.from({ length: each }, (_, index) => sale(first + sold + index));
    const voids = sales
      .filter(({ n }) => n >= first + before && n % 100 === 50)
      .map(({ n }) => sale(n - before, 'voided'));
    await clickhouse.command(purchasesSql(seed, [...sales, ...voids]));
    await clickhouse.command(customersSql([...sales, ...voids]));
    await clickhouse.command(customerBranchesSql(seed, [...sales, ...voids]));
    sold += each;
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  return sold;
};

const ID = '00000000-0000-4000-8000-';

/** A folder that is kept has the sales of the last time. */
const numberOfNext = async (clickhouse: ClickHouse): Promise<number> => {
  const sql = `SELECT toUInt32(max(if(startsWith(id, '${ID}'), toUInt64(right(id, 12)) + 1, 0))) AS next
    FROM (SELECT toString(purchase_id) AS id FROM silver.purchases WHERE slot >= (SELECT max(slot) - 86400 FROM silver.purchases))`;
  return (await clickhouse.row({ name: 'next', sql, row: z.object({ next: z.int() }) })).next;
};

const tuples = (sales: readonly Sale[]) =>
  sales
    .map(({ n, customer, moment, status, recorded }) => `(${n}, ${customer}, ${moment}, '${status}', ${recorded})`)
    .join(', ');

const branchOf = (branches: number) => `concat('SMKT', leftPad(toString(1 + sale.1 % ${branches}), 3, '0'))`;

const SOLD = "fromUnixTimestamp64Milli(toInt64(sale.3), 'UTC') AS moment, toUInt32(sale.2) AS number";

const purchasesSql = ({ branches, products }: Seed, sales: readonly Sale[]): string => `
  INSERT INTO silver.purchases
  WITH arrayJoin([${tuples(sales)}]) AS sale, ${SOLD}, sale.1 % ${products} AS product, toInt64(100 + product * 17) AS price
  SELECT toStartOfFifteenMinutes(toDateTime(moment, 'UTC')) AS slot,
    ${branchOf(branches)} AS branch_id,
    toUUID(concat('${ID}', leftPad(toString(sale.1), 12, '0'))) AS purchase_id,
    if(sale.4 = 'voided', 2, 1) * 65536 + 1 AS version, sale.4 AS status, moment AS sold_at, fromUnixTimestamp64Milli(toInt64(sale.5), 'UTC') AS recorded_at, 'EUR' AS currency,
    price AS total_minor, 1 AS units, [concat('product-', toString(product))] AS product_ids, [1] AS quantities, [price] AS unit_prices_minor,
    ${customerId('number')} AS customer_id, number AS customer_number`;

const SNAPSHOT = `2 + sale.1 + (sale.4 = 'voided') AS revision, toUInt32(4) AS purchases,
    toInt64(1000) AS spent_minor, moment AS loyal_since, moment AS first_sold_at, moment AS last_sold_at`;

const customersSql = (sales: readonly Sale[]): string => `
  INSERT INTO silver.customers
  WITH arrayJoin([${tuples(sales)}]) AS sale, ${SOLD}
  SELECT ${customerId('number')} AS customer_id, number, ${SNAPSHOT}`;

const customerBranchesSql = ({ branches }: Seed, sales: readonly Sale[]): string => `
  INSERT INTO silver.customer_branches
  WITH arrayJoin([${tuples(sales)}]) AS sale, ${SOLD}
  SELECT ${branchOf(branches)} AS branch_id, ${customerId('number')} AS customer_id, number, ${SNAPSHOT}`;
