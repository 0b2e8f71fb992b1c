import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { runSealer, sealAll } from '@tillstream/clickhouse/seal/sealer';
import { clickhousePart, dashboardPart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes/processes';
import { Supervisor } from '@tillstream/embedded/processes/supervise';
import { StateFolder } from '@tillstream/embedded/state';
import { embeddedClickHouseUrl } from '@tillstream/schemas/settings';
import { cpuOfParts } from '../support/cpu.ts';
import { freePort } from '../support/ports.ts';
import { SHOP, seedOf } from './gold/world.ts';
import { queriesOf } from './queries.ts';
import { sellMeanwhile } from './sales/sales-meanwhile.ts';
import { fillSilver } from './sales/seeded-purchases.ts';
import { percentile } from './statistics.ts';
import { watch } from './watch.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const setting = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

const PURCHASES = setting('BENCH_PURCHASES', 1_000_000);
const BRANCHES = setting('BENCH_BRANCHES', 3);
const TIMES = setting('BENCH_TIMES', 100);
/** Sales a second that come in meanwhile, at the newest moment. */
const RATE = setting('BENCH_RATE', 5);
const VIEWERS = setting('BENCH_VIEWERS', 50);
/** An engine's folder that stays and is not filled again; that of `kpis` will do. */
const KEEP = process.env.BENCH_KEEP;

/** A port where nobody listens. */
const NOBODY = 9;

const MONTH = 'from=2025-10-20&to=2025-11-20';
const QUESTIONS = [
  'kpis',
  'kpis?branch=SMKT001',
  `kpis?${MONTH}`,
  'kpis?from=2025-10-20T10:07&to=2025-11-19T16:52',
  'hourly_sales',
  `hourly_sales?${MONTH}`,
  `series?by=day&${MONTH}`,
  'series?by=hour&from=2025-11-13&to=2025-11-20',
  'top_products?limit=10&by=revenue',
  'aggregated_sales?month=2025-10',
  'product_ranking',
  `product_ranking?${MONTH}`,
  'product_sales?product=product-1&by=branch',
  `product_sales?product=product-1&by=day&${MONTH}`,
  'branch_sales',
  'breakdown?by=cashier',
  'breakdown_series?by=category',
  `week_grid?${MONTH}`,
  `loyal_customers?${MONTH}`,
  'frequency',
  'retention',
  'top_customers',
  'health',
];

/**
 * `npm run bench -- read-api`: each question of `/api/*` over a large silver with viewers of the live stream, while
 * sales come in. ClickHouse and the dashboard alone run: the facts are made where they lie.
 */
export const run = async (): Promise<void> => {
  const build = "import { buildDashboard } from './embedded/install.mjs'; await buildDashboard();";
  execFileSync('node', ['--input-type=module', '--eval', build], { cwd: ROOT, stdio: 'inherit' });
  const folder =
    KEEP === undefined
      ? mkdtempSync(path.join(os.tmpdir(), 'tillstream-bench-'))
      : path.join(KEEP, `${PURCHASES}-${BRANCHES}`);
  const supervisor = new Supervisor(new ProcessList(folder), new StateFolder(folder).logs, () => undefined);
  const [clickhousePort, dashboardPort] = [await freePort(), await freePort()];
  const clickhouseUrl = embeddedClickHouseUrl(clickhousePort, 'local-only');
  const parts = [
    clickhousePart(folder, clickhousePort, 'local-only'),
    dashboardPart({
      clickhouseUrl,
      dashboardPort,
      postgresUrl: `postgres://nobody@127.0.0.1:${NOBODY}/nothing`,
      kafkaBrokers: undefined,
      posApiPort: NOBODY,
      relayPort: NOBODY,
    }),
  ];
  try {
    for (const part of parts) await supervisor.start(part);
    await prepare(clickhouseUrl);
    await ask(`http://127.0.0.1:${dashboardPort}`, clickhouseUrl, folder);
  } finally {
    supervisor.beginStopping();
    await supervisor.stop(['dashboard', 'clickhouse'], 5_000);
    if (KEEP === undefined) rmSync(folder, { recursive: true, force: true });
  }
};

const seed = seedOf(PURCHASES, BRANCHES);

/** Fills silver, unless it is filled, and seals all that is over. */
const prepare = async (url: string): Promise<void> => {
  const clickhouse = connectClickHouse(url, 'bench');
  await migrateClickHouse(clickhouse, undefined, SHOP);
  const parts = await fetch(url, { method: 'POST', body: 'SELECT count() FROM silver.purchases' });
  if (Number(await parts.text()) === 0) await fillSilver(clickhouse, seed);
  await sealAll(clickhouse, { shop: SHOP, graceMs: 0 });
  await clickhouse.close();
};

const ask = async (dashboard: string, url: string, folder: string): Promise<void> => {
  const over = new AbortController();
  const clickhouse = connectClickHouse(url, 'bench');
  const selling = await sellMeanwhile(clickhouse, seed, { from: Date.now(), rate: RATE });
  const sealing = runSealer(clickhouse, { shop: SHOP, signal: over.signal });
  const counts = await Promise.all(
    Array.from({ length: VIEWERS }, (_, n) => {
      // Most look at the chain, some at a branch.
      const branch = n % 5 === 0 ? `?branch=SMKT${String(1 + ((n / 5) % BRANCHES)).padStart(3, '0')}` : '';
      return watch(`${dashboard}/api/live${branch}`, over.signal);
    }),
  );
  await sleep(3_000);
  console.log(
    `${PURCHASES.toLocaleString('en')} purchases, ${BRANCHES} branches; ${VIEWERS} viewers, ${RATE} sales/s, ${TIMES} times each question`,
  );
  const [began, before, heard] = [performance.now(), cpuOfParts(folder), total(counts)];
  const queriesBefore = await queriesOf(url);
  const all: number[] = [];
  for (const question of QUESTIONS) {
    const took = await times(`${dashboard}/api/${question}`);
    all.push(...took);
    console.log(`  ${question.padEnd(52)} ${figures(took)}`);
  }
  const [seconds, after] = [(performance.now() - began) / 1000, cpuOfParts(folder)];
  const queries = ((await queriesOf(url)) - queriesBefore) / seconds;
  const share = (part: string) => ((((after[part] ?? 0) - (before[part] ?? 0)) / seconds) * 100).toFixed(0);
  console.log(`  ${'all of them'.padEnd(52)} ${figures(all)}`);
  console.log(
    `  ClickHouse ${share('clickhouse')} % of a core and ${queries.toFixed(1)} queries/s, dashboard ${share('dashboard')} %; each viewer got ${((total(counts) - heard) / seconds / VIEWERS).toFixed(1)} messages/s`,
  );
  over.abort();
  await Promise.all([selling.stop(), sealing]);
  await clickhouse.close();
};

const times = async (url: string): Promise<number[]> => {
  const took: number[] = [];
  // What is read in the background is there after the first time.
  await fetch(url).then((response) => response.arrayBuffer());
  for (let i = 0; i < TIMES; i++) {
    const began = performance.now();
    const response = await fetch(url);
    const body = await response.text();
    if (!response.ok) throw new Error(`${url}: ${response.status} ${body}`);
    took.push(performance.now() - began);
  }
  return took;
};

const figures = (took: readonly number[]): string =>
  [50, 95, 99]
    .map((p) => `p${p} ${percentile(took, p).toFixed(0).padStart(4)}`)
    .join('  ')
    .concat(' ms');

const total = (counts: readonly { messages: number }[]): number =>
  counts.reduce((sum, { messages }) => sum + messages, 0);
