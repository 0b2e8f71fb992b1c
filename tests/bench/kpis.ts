import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { type Gold, openGold } from '@tillstream/clickhouse/gold';
import { migrateClickHouse } from '@tillstream/clickhouse/migrate';
import { readAggregatedSales } from '@tillstream/clickhouse/questions/aggregated-sales';
import { readNewAndReturning } from '@tillstream/clickhouse/questions/customers';
import { readHourlySales } from '@tillstream/clickhouse/questions/hourly-sales';
import { readKpis } from '@tillstream/clickhouse/questions/kpis';
import { readSeries } from '@tillstream/clickhouse/questions/series';
import { readTopProducts } from '@tillstream/clickhouse/questions/top-products';
import { readWeekGrid } from '@tillstream/clickhouse/questions/week-grid';
import { sealStale } from '@tillstream/clickhouse/seal';
import { clickhousePart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes';
import { StateFolder } from '@tillstream/embedded/state';
import { Supervisor } from '@tillstream/embedded/supervise';
import { z } from 'zod';
import { cpuOfParts } from '../support/cpu.ts';
import { freePort } from '../support/ports.ts';
import { fillCatalog, fillSilver, type Seed } from './seeded-purchases.ts';
import { percentile } from './statistics.ts';

const SIZES = (process.env.BENCH_PURCHASES ?? '1000000,10000000').split(',').map(Number);
const BRANCHES = Number(process.env.BENCH_BRANCHES ?? 3);
const TIMES = 15;
const SHOP = { SHOP_TIMEZONE: 'UTC', BUSINESS_DAY_START: '00:00' };
const DAY = 86_400_000;
const UNTIL = Date.UTC(2025, 10, 20);
/** CPU time (ms) that ClickHouse has used. */
const cpuMs = (folder: string): number => (cpuOfParts(folder).clickhouse ?? Number.NaN) * 1000;

/** The middle of the last day: half a day of it is sealed by slots only, as today is. */
const NOW = UNTIL - DAY / 2;

/**
 * Every question at each size of silver: from gold (p50, p99), where that makes sense from the same facts FINAL, and
 * from a view that sums, with the error it makes.
 */
export const run = async (): Promise<void> => {
  for (const purchases of SIZES) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-bench-'));
    const supervisor = new Supervisor(new ProcessList(folder), new StateFolder(folder).logs, () => undefined);
    const port = await freePort();
    await supervisor.start(clickhousePart(folder, port));
    const clickhouse = connectClickHouse(`http://127.0.0.1:${port}`, 'bench');
    try {
      await bench(clickhouse, folder, {
        purchases,
        branches: BRANCHES,
        customers: 1_000_000,
        products: 50,
        until: UNTIL,
      });
    } finally {
      await clickhouse.close();
      supervisor.beginStopping();
      await supervisor.stop(['clickhouse'], 5_000);
      rmSync(folder, { recursive: true, force: true });
    }
  }
};

const bench = async (clickhouse: ClickHouse, folder: string, seed: Seed): Promise<void> => {
  console.log(`\n${seed.purchases.toLocaleString('en')} purchases, ${seed.branches} branches, 3 years`);
  await migrateClickHouse(clickhouse, undefined, SHOP);
  await timed('  fill silver', () => fillSilver(clickhouse, seed));
  await fillCatalog(clickhouse, seed);
  await timed('  seal everything', () => sealStale(clickhouse, { shop: SHOP, now: NOW, graceMs: 0 }));
  await timed('  a round that finds nothing to seal', () =>
    sealStale(clickhouse, { shop: SHOP, now: NOW, graceMs: 0 }),
  );
  for (const { what, bytes } of await space(clickhouse)) {
    console.log(`  ${what.padEnd(24)} ${(bytes / seed.purchases).toFixed(1)} bytes per purchase`);
  }

  const gold = openGold(clickhouse, SHOP);
  const all = { from: 0, to: Date.UTC(2100, 0, 1) };
  const last = (days: number) => ({ from: UNTIL - days * DAY, to: UNTIL });
  for (const question of questions(gold, clickhouse, all, last)) {
    await question.gold();
    const before = cpuMs(folder);
    const ours = await times(question.gold, TIMES);
    const cpu = ((cpuMs(folder) - before) / TIMES).toFixed(0).padStart(5);
    const facts = question.facts === undefined ? [] : await times(question.facts, seed.purchases > 20_000_000 ? 3 : 5);
    const ratio =
      facts.length === 0
        ? ''
        : `  FINAL p50 ${ms(facts, 50)}  ${(percentile(facts, 50) / percentile(ours, 50)).toFixed(1)}×`;
    console.log(`  ${question.what.padEnd(40)} p50 ${ms(ours, 50)}  p99 ${ms(ours, 99)}  cpu ${cpu} ms${ratio}`);
  }
  await summed(clickhouse, gold, all);
};

interface Measured {
  what: string;
  gold: () => Promise<unknown>;
  facts?: () => Promise<unknown>;
}

const questions = (
  gold: Gold,
  clickhouse: ClickHouse,
  all: { from: number; to: number },
  last: (days: number) => { from: number; to: number },
): Measured[] => {
  const facts = (select: string, days?: number) => () =>
    clickhouse.rows({
      name: 'facts',
      sql: `${select.replace('WHERE', days === undefined ? 'WHERE 1' : `WHERE slot >= fromUnixTimestamp64Milli(${UNTIL - days * DAY}, 'UTC')`)}`,
      row: z.looseObject({}),
      timeoutSeconds: 300,
    });
  const totals =
    'SELECT count(), sum(units), sum(total_minor), max(sold_at), groupBitmapIf(customer_number, customer_number != 0), sumMap(product_ids, quantities) FROM gold.purchases WHERE';
  const top =
    'SELECT product_id, sum(quantity) AS units, sum(revenue_minor) FROM gold.purchase_items WHERE GROUP BY product_id ORDER BY units DESC LIMIT 3 WITH TIES';
  const byDay =
    'SELECT toDate(slot) AS day, count(), sum(total_minor), groupBitmapIf(customer_number, customer_number != 0) FROM gold.purchases WHERE GROUP BY day';
  const odd = { from: UNTIL - 30 * DAY + 7 * 60_000, to: UNTIL - 6 * 3_600_000 - 1 };
  return [
    { what: 'main figures, all time', gold: () => readKpis(gold, all, 3), facts: facts(totals) },
    { what: 'main figures, one branch, all time', gold: () => readKpis(gold, { ...all, branch: 'SMKT001' }, 3) },
    { what: 'main figures, 30 days', gold: () => readKpis(gold, last(30), 3), facts: facts(totals, 30) },
    { what: 'main figures, 30 days, odd borders', gold: () => readKpis(gold, odd, 3) },
    { what: 'main figures, the last day', gold: () => readKpis(gold, last(1), 3), facts: facts(totals, 1) },
    {
      what: 'top products by units, all time',
      gold: () => readTopProducts(gold, all, { limit: 3, by: 'units' }),
      facts: facts(top),
    },
    { what: 'new and returning customers, 30 days', gold: () => readNewAndReturning(gold, last(30)) },
    { what: 'series by day, a year', gold: () => readSeries(gold, last(365), 'day'), facts: facts(byDay, 365) },
    { what: 'series by hour, a week', gold: () => readSeries(gold, last(7), 'hour') },
    { what: 'hours of the day, 30 days', gold: () => readHourlySales(gold, last(30)) },
    { what: 'hours of the day, all time', gold: () => readHourlySales(gold, all) },
    { what: 'weekday × hour, 30 days', gold: () => readWeekGrid(gold, last(30)) },
    { what: 'product × country, a month', gold: () => readAggregatedSales(clickhouse, gold.calendar, last(30)) },
  ];
};

/** What a view that sums would say, had it seen every insert: it counts a repeat twice. */
const summed = async (clickhouse: ClickHouse, gold: Gold, all: { from: number; to: number }): Promise<void> => {
  await clickhouse.command(
    `CREATE TABLE silver.bench_sums ENGINE = SummingMergeTree ORDER BY (slot, branch_id) AS
     SELECT slot, branch_id, sum(sign) AS purchases, sum(sign * total_minor) AS revenue_minor
     FROM (SELECT slot, branch_id, total_minor, if(status = 'recorded', 1, -1) AS sign FROM silver.purchases) GROUP BY slot, branch_id`,
  );
  const row = z.object({ purchases: z.int(), revenue_minor: z.int() });
  const sql = 'SELECT sum(purchases) AS purchases, sum(revenue_minor) AS revenue_minor FROM silver.bench_sums';
  const took = await times(() => clickhouse.row({ name: 'sums', sql, row }), TIMES);
  const given = await clickhouse.row({ name: 'sums', sql, row });
  const truth = await readKpis(gold, all, 3);
  const off = ((given.purchases / truth.purchases - 1) * 100).toFixed(2);
  console.log(
    `  a view that sums, all time               p50 ${ms(took, 50)}  says ${given.purchases} purchases: ${off} % wrong`,
  );
};

const space = (clickhouse: ClickHouse) =>
  clickhouse.rows({
    name: 'space',
    sql: `SELECT concat(database, '.', table) AS what, sum(bytes_on_disk) AS bytes FROM system.parts
          WHERE active AND database IN ('silver', 'gold') AND (table = 'purchases' OR startsWith(table, 'sealed')) GROUP BY what ORDER BY what`,
    row: z.object({ what: z.string(), bytes: z.int() }),
  });

const times = async (work: () => Promise<unknown>, count: number): Promise<number[]> => {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await work();
    took.push(performance.now() - began);
  }
  return took;
};

const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
  const [took = 0] = await times(work, 1);
  console.log(`${what}: ${(took / 1000).toFixed(2)} s`);
};

const ms = (values: readonly number[], p: number): string => `${percentile(values, p).toFixed(0).padStart(5)} ms`;
