import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Seed } from './seeded-purchases.ts';

const PAUSE_MS = 250;

/**
 * Lets sales into silver, four inserts a second, each with the snapshots of its customers, until the signal; gives how many. They are sold one
 * second of the clock after the other from `from` on.
 */
export const sellMeanwhile = async (
  clickhouse: ClickHouse,
  { branches, customers, products }: Seed,
  { from, rate, signal }: { from: number; rate: number; signal: AbortSignal },
): Promise<number> => {
  const each = Math.round((rate * PAUSE_MS) / 1000);
  let sold = 0;
  while (each > 0 && !signal.aborted) {
    const sales = Array.from({ length: each }, (_, index) => {
      const n = sold + index;
      const customer = 1 + ((n * 7919) % customers);
      const moment = new Date(from + Math.floor(sold / rate) * 1000).toISOString();
      const product = n % products;
      return { n, customer, moment, branch: `SMKT${String(1 + (n % branches)).padStart(3, '0')}`, product };
    });
    await clickhouse.insert(
      'silver.purchases',
      sales.map(({ n, customer, moment, branch, product }) => ({
        slot: new Date(Math.floor(Date.parse(moment) / 900_000) * 900_000).toISOString(),
        branch_id: branch,
        purchase_id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
        version: 65_537,
        status: 'recorded',
        sold_at: moment,
        recorded_at: moment,
        currency: 'EUR',
        total_minor: 100 + product * 17,
        units: 1,
        product_ids: [`product-${product}`],
        quantities: [1],
        unit_prices_minor: [100 + product * 17],
        customer_id: `00000000-0000-4000-9000-${String(customer).padStart(12, '0')}`,
        customer_number: customer,
      })),
    );
    await clickhouse.insert(
      'silver.customers',
      sales.map(({ n, customer, moment }) => ({
        customer_id: `00000000-0000-4000-9000-${String(customer).padStart(12, '0')}`,
        number: customer,
        revision: 2 + n,
        purchases: 4,
        spent_minor: 1_000,
        loyal_since: moment,
        first_sold_at: moment,
        last_sold_at: moment,
      })),
    );
    sold += each;
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  return sold;
};
