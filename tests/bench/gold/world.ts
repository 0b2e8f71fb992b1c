import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { sealAll } from '@tillstream/clickhouse/seal/sealer';
import { z } from 'zod';
import type { Seed } from '../sales/seed.ts';
import { fillSilver } from '../sales/seeded-purchases.ts';

export const SHOP = { SHOP_TIMEZONE: 'UTC', BUSINESS_DAY_START: '00:00' };
/** When the benches of gold begin, by the clock of their sales: noon, so that half a day runs already. */
const NOW = Date.UTC(2025, 10, 19, 12);
export const ALL = { from: 0, to: Date.UTC(2100, 0, 1) };

export const seedOf = (purchases: number, branches: number): Seed => ({
  purchases,
  branches,
  customers: 1_000_000,
  products: 50,
  until: NOW,
});

/** Fills silver, unless a kept folder has it already, and seals all of it; gives the moment from which on sales may go on. */
export const prepare = async (clickhouse: ClickHouse, seed: Seed, cpuMs: () => number): Promise<number> => {
  const timed = (what: string, work: () => Promise<unknown>) => printTime(what, work, cpuMs);
  await migrateClickHouse(clickhouse, undefined, SHOP);
  let newest = await newestSale(clickhouse);
  if (newest === 0) {
    await timed('fill silver', () => fillSilver(clickhouse, seed));
    await timed('merge what a shop has merged long ago', () => merged(clickhouse, 'silver'));
    newest = await newestSale(clickhouse);
  }
  const now = Math.max(NOW, newest);
  const seal = () => sealAll(clickhouse, { shop: SHOP, now, graceMs: 0 });
  await timed('seal everything', seal);
  await timed('seal everything that is sealed', seal);
  await merged(clickhouse, 'sealed');
  return now;
};

const newestSale = async (clickhouse: ClickHouse): Promise<number> => {
  const sql = 'SELECT toUnixTimestamp64Milli(max(sold_at)) AS newest FROM silver.purchases';
  return (await clickhouse.row({ name: 'newest', sql, row: z.object({ newest: z.int() }) })).newest;
};

const MERGED_MS = 180_000;

/** Waits until nothing of a database is merged any more. */
const merged = async (clickhouse: ClickHouse, database: string): Promise<void> => {
  const sql = 'SELECT count() AS merges FROM system.merges WHERE database = {database:String}';
  const row = z.object({ merges: z.int() });
  const end = performance.now() + MERGED_MS;
  for (let quiet = 0; quiet < 3 && performance.now() < end; ) {
    const { merges } = await clickhouse.row({ name: 'merges', sql, params: { database }, row });
    quiet = merges === 0 ? quiet + 1 : 0;
    await sleep(500);
  }
};

/** Prints the bytes per purchase of each table, and of all together. */
export const printSpace = async (clickhouse: ClickHouse, purchases: number): Promise<void> => {
  const found = await clickhouse.rows({
    name: 'space',
    sql: `SELECT multiIf(table != 'spans', concat(database, '.', table), partition_id = '0', 'sealed.spans', 'sealed.spans, slots') AS what, sum(bytes_on_disk) AS bytes
          FROM system.parts
          WHERE active AND table IN ('purchases', 'customer_milestones', 'spans', 'milestone_days') AND database IN ('silver', 'sealed')
          GROUP BY what ORDER BY what`,
    row: z.object({ what: z.string(), bytes: z.int() }),
  });
  const each = (bytes: number) => (bytes / purchases).toFixed(1);
  const all = found.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(
    `  bytes per purchase: ${found.map(({ what, bytes }) => `${what} ${each(bytes)}`).join('; ')}; together ${each(all)}`,
  );
};

/** Prints how long something took, and the engine's CPU meanwhile. */
export const printTime = async (what: string, work: () => Promise<unknown>, cpuMs: () => number): Promise<void> => {
  const [began, before] = [performance.now(), cpuMs()];
  await work();
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  console.log(`  ${what}: ${seconds(performance.now() - began)}, ${seconds(cpuMs() - before)} of CPU`);
};
