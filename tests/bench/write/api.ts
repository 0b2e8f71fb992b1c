import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { posApiPart } from '@tillstream/embedded/parts';
import { line, milliseconds } from '../statistics.ts';
import { closedLoop, openLoop, othersOf } from './http-load.ts';
import { growth, scrape, shares } from './prometheus.ts';
import { BRANCHES, CUSTOMERS } from './purchases.ts';
import { withWorkshop } from './workshop.ts';

const CONNECTIONS = 64;
const PGBENCH_CLIENTS = 8;
const WARM_UP_SECONDS = 3;

/** One purchase per call and transaction, as `POST /v1/purchases` would be without the group commit. */
const onePurchase = (notifies: boolean) => `
\\set branch random(1, ${BRANCHES.length})
\\set customer random(1, ${CUSTOMERS})
select outcome from record_purchases(jsonb_build_array(jsonb_build_object(
  'idempotency_key', gen_random_uuid()::text, 'credential', 'bench', 'fingerprint', repeat('ab', 32), 'branch_id', 'SMKT00' || :branch,
  'customer_id', md5((:customer)::text)::uuid, 'sold_at', null, 'items', '["milk", "bread"]'::jsonb)), with_notify => ${notifies});
`;

/** The API, alone with Postgres, beside pgbench with the same function on the same tables. fsync is on. */
export const benchApi = async (seconds: number): Promise<void> => {
  console.log('API and Postgres alone, fsync on');
  await withWorkshop({ broker: false }, async ({ addresses, db, start, stop }) => {
    // As the API calls it; beside it as a client would that wakes the relays in the same transaction (decision 25).
    const alone = await runPgbench(addresses.postgresUrl, onePurchase(false), seconds);
    const notifying = await runPgbench(addresses.postgresUrl, onePurchase(true), seconds);
    if (alone === undefined || notifying === undefined) {
      line('pgbench', 'skipped: no pgbench in PATH or /usr/lib/postgresql/*/bin');
    } else {
      const what = `pgbench, one purchase per call, ${PGBENCH_CLIENTS} clients`;
      line(what, `${alone.toFixed(0)} purchases/s; ${notifying.toFixed(0)} with a NOTIFY in the transaction`);
    }
    await db.query('truncate outbox');

    await start(posApiPart(addresses));
    const url = `http://127.0.0.1:${addresses.posApiPort}`;
    await closedLoop(url, CONNECTIONS, WARM_UP_SECONDS);
    const closed = await closedLoop(url, CONNECTIONS, seconds);
    const rate = closed.latencies.length / closed.seconds;
    const times = [alone, notifying].map((pgbench) => (pgbench === undefined ? '?' : (rate / pgbench).toFixed(1)));
    const ratio = ` = ${times.join('× and ')}× pgbench`;
    line(
      `POST /v1/purchases, ${CONNECTIONS} connections, closed loop`,
      `${rate.toFixed(0)} purchases/s${ratio}, ${milliseconds(closed.latencies)}${othersOf(closed)}`,
    );
    // What the closed loop left to be written is written: the kernel would do so half a minute later, in one go.
    await db.query('checkpoint');
    await openLoop(url, CONNECTIONS, Math.round(rate / 2), WARM_UP_SECONDS);
    const before = await scrape(url);
    const open = await openLoop(url, CONNECTIONS, Math.round(rate / 2), seconds);
    const after = await scrape(url);
    line(
      `open loop at ${Math.round(rate / 2)}/s`,
      `${(open.latencies.length / open.seconds).toFixed(0)} purchases/s, ${milliseconds(open.latencies, 1)}${othersOf(open)}`,
    );
    // Where a tail comes from: Postgres (a group commit is its call), or the process itself.
    line('its group commits', shares('group_commit_duration_seconds', before, after));
    const grown = (name: string) => growth(name, before, after);
    const pauses = grown('nodejs_gc_duration_seconds_sum') * 1000;
    line(
      'its pauses to collect garbage',
      `${grown('nodejs_gc_duration_seconds_count')}, ${pauses.toFixed(0)} ms in all`,
    );
    await stop('pos-api');
  });
};

/** Purchases per second; undefined when there is no pgbench. */
const runPgbench = async (postgresUrl: string, sql: string, seconds: number): Promise<number | undefined> => {
  const program = findPgbench();
  if (program === undefined) return undefined;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tillstream-pgbench-'));
  try {
    const script = path.join(folder, 'purchase.sql');
    await writeFile(script, sql);
    const clients = String(PGBENCH_CLIENTS);
    const args = ['-n', '-M', 'prepared', '-c', clients, '-j', '2', '-T', String(seconds), '-f', script, postgresUrl];
    const { stdout } = await promisify(execFile)(program, args);
    const tps = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
    if (tps === undefined) throw new Error(`pgbench said no tps: ${stdout}`);
    return Number(tps);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const findPgbench = (): string | undefined => {
  const installed = '/usr/lib/postgresql';
  const versions = existsSync(installed) ? readdirSync(installed).sort((a, b) => Number(b) - Number(a)) : [];
  return [...(process.env.PATH ?? '').split(':'), ...versions.map((version) => `${installed}/${version}/bin`)]
    .map((folder) => path.join(folder, 'pgbench'))
    .find((file) => existsSync(file));
};
