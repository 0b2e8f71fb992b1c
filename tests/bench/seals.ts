import { setTimeout as sleep } from 'node:timers/promises';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { sealStale } from '@tillstream/clickhouse/seal';
import { startOwnEngine } from '../support/own-engine.ts';
import { replayOfSilver } from './replay-of-silver.ts';
import { fillCatalog, fillSilver } from './seeded-purchases.ts';
import { distribution, line } from './statistics.ts';

const PURCHASES = Number(process.env.BENCH_PURCHASES ?? 2_000_000);
const BRANCHES = Number(process.env.BENCH_BRANCHES ?? 20);
const RATE = Number(process.env.BENCH_RATE ?? 1000);
const ROUNDS = 8;
/** As the sealer rests. */
const PAUSE_S = 30;

const SHOP = { SHOP_TIMEZONE: 'UTC', BUSINESS_DAY_START: '00:00' };
const UNTIL = Date.UTC(2025, 10, 20);
const NOW = UNTIL - 43_200_000;
const ALL = { from: 0, to: Date.UTC(2100, 0, 1) };

/**
 * What sealing costs while sales come in at a rate, and what a replay of everything does, from the messages on: the
 * latency of reads meanwhile, whether each of them tells the same as before, and the time until all is sealed again.
 */
export const run = async (): Promise<void> => {
  const { clickhouse, cpuSeconds, stop } = await startOwnEngine('bench');
  const seed = { purchases: PURCHASES, branches: BRANCHES, customers: 1_000_000, products: 50, until: UNTIL };
  const seal = (now: number) => sealStale(clickhouse, { shop: SHOP, now, graceMs: 0 });
  try {
    await migrateClickHouse(clickhouse, undefined, SHOP);
    await fillSilver(clickhouse, seed);
    await fillCatalog(clickhouse, seed);
    await seal(NOW);

    let spent = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const from = NOW + round * PAUSE_S * 1000;
      await clickhouse.command(sales(from / 1000, round));
      // Merges of what came in are not the sealer's.
      await sleep(1_000);
      const before = cpuSeconds();
      await seal(from + 1_800_000);
      spent += cpuSeconds() - before;
    }
    line(
      `sealing at ${RATE} purchases a second, ${BRANCHES} branches`,
      `${((100 * spent) / (ROUNDS * PAUSE_S)).toFixed(1)} % of one core`,
    );

    const gold = openGold(clickhouse, SHOP);
    const figures = async () => {
      const { purchases, items, revenue_minor, unique_customers } = await readKpis(gold, ALL, 3);
      return JSON.stringify({ purchases, items, revenue_minor, unique_customers });
    };
    const truth = await figures();
    const took: number[] = [];
    let [failed, wrong] = [0, 0];
    let replaying = true;
    const reading = (async () => {
      while (replaying) {
        const began = performance.now();
        await figures().then(
          (told) => {
            if (told !== truth) wrong += 1;
          },
          () => {
            failed += 1;
          },
        );
        took.push(performance.now() - began);
        await sleep(500);
      }
    })();
    const began = performance.now();
    const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
    const cpuBefore = cpuSeconds();
    const events = await replayOfSilver(clickhouse, BLOCK);
    line(
      `a replay of ${events} events: all arrived after`,
      `${seconds()}, ${((1e6 * (cpuSeconds() - cpuBefore)) / events).toFixed(0)} µs of CPU an event, reads included`,
    );
    let rounds = 0;
    for (let written = 1; written > 0; rounds++) {
      const { slots, days, months, years, products } = await seal(NOW);
      written = slots + days + months + years + products;
    }
    replaying = false;
    await reading;
    line('all sealed again after', `${seconds()}, ${rounds} rounds`);
    console.log(distribution('  main figures of all time meanwhile', took));
    line('of these wrong, and given up (more than 10 s, or refused)', `${wrong}, ${failed}`);
  } finally {
    await stop();
  }
};

/** Events that ClickHouse takes from the queue at once at most. */
const BLOCK = 65_536;

/** What comes in during one pause, one in a hundred of it for one of the last ten days. */
const sales = (from: number, round: number): string => `
  INSERT INTO silver.purchases
  SELECT toStartOfFifteenMinutes(moment) AS slot, concat('SMKT', leftPad(toString(1 + number % ${BRANCHES}), 3, '0')) AS branch_id,
    generateUUIDv4() AS purchase_id, 65537 AS version, 'recorded' AS status, toDateTime64(moment, 3, 'UTC') AS sold_at, sold_at AS recorded_at,
    'EUR' AS currency, 350 AS total_minor, 2 AS units, ['product-1', 'product-2'] AS product_ids, [1, 1] AS quantities, [117, 134] AS unit_prices_minor,
    generateUUIDv4() AS customer_id, toUInt32(1 + (number * 7919 + ${round}) % 1000000) AS customer_number
  FROM (SELECT number, toDateTime(${from} + intDiv(number, ${RATE}) - if(number % 100 = 0, 86400 * (1 + ${round} % 10), 0), 'UTC') AS moment
        FROM numbers(${RATE * PAUSE_S}))`;
