import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { changeProduct, upsertBranches } from '@tillstream/pos-api/catalog';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { recordPurchases } from '@tillstream/pos-api/record-purchases';
import { directPublisher } from '@tillstream/pos-api/relay/publishers/direct-publisher';
import { runRelay } from '@tillstream/pos-api/relay/relay';
import type pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { makeDatabase, purchase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { startEngine, type TestEngine } from '../../test/engine.ts';
import { reconciler } from '../passes/reconciler.ts';
import { pipelineOver } from '../pipeline/pipeline.ts';
import { writeResults } from '../report/results.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
let engine: TestEngine;
let clickhouse: ClickHouse;
let folder: string;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse(engine.url, 'test');
  await migrateClickHouse(clickhouse, undefined);
  folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-adopt-'));
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Copies a database as it is now; nobody may be connected to it. */
const copyDatabase = async (url: string, name: string): Promise<string> => {
  const copy = new URL(url);
  const from = copy.pathname.slice(1);
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const admin = connectPostgres(maintenance.href, 'test', 1);
  await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${from}'`);
  await admin.query(`create database ${name} template ${from}`);
  await admin.end();
  copy.pathname = `/${name}`;
  return copy.href;
};

const during = async (url: string, what: (db: pg.Pool) => Promise<void>) => {
  const db = connectPostgres(url, 'test', 4);
  const stopping = new AbortController();
  const publisher = directPublisher(engine.url);
  const relaying = runRelay(url, publisher, quiet, stopping.signal);
  try {
    await what(db);
  } finally {
    stopping.abort();
    await relaying;
    await Promise.all([publisher.close(), db.end()]);
  }
};
const allSent = (db: pg.Pool) =>
  eventually(async () => {
    const { rows } = await db.query('select count(*)::int as waiting from outbox');
    expect(rows[0]?.waiting).toBe(0);
  });
const sell = async (db: pg.Pool, count: number, customer_id: string | null): Promise<string[]> => {
  const answers = await recordPurchases(
    db,
    Array.from({ length: count }, () => purchase({ customer_id, sold_at: '2026-03-01T10:00:00.000Z' })),
  );
  return answers.map((answer) => (answer.outcome === 'recorded' ? answer.purchase_id : ''));
};

/** One run of the reconciler that runs beside everything. */
const reconcile = async (db: pg.Pool) => {
  const run = reconciler(db, clickhouse, pipelineOver(db, undefined, 5_000, new AbortController().signal), quiet, {
    heal: true,
    historyBudgetMs: 20_000,
    settlingMs: 0,
    restMs: 60_000,
  });
  const results = await run();
  await writeResults(clickhouse, new Date(), results);
  return {
    stopped: results[0]?.healingStopped,
    found: results.flatMap(({ summary }) => summary.findings).length,
    healed: results.flatMap(({ summary }) => summary.findings).filter(({ healed }) => healed).length,
  };
};

const line = z.object({ line: z.string() });
const figuresInClickHouse = async () => [
  await clickhouse.rows({
    name: 'test',
    sql: `SELECT toString((count(), sum(total_minor), uniqExact(customer_number), uniqExact(customer_id))) AS line
          FROM silver.purchases FINAL WHERE status = 'recorded'`,
    row: line,
  }),
  await clickhouse.rows({
    name: 'test',
    sql: `SELECT toString((customer_id, number, purchases, spent_minor, loyal_since IS NULL)) AS line
          FROM silver.customers FINAL WHERE purchases > 0 ORDER BY number`,
    row: line,
  }),
  await clickhouse.rows({
    name: 'test',
    sql: 'SELECT name AS line FROM silver.products FINAL ORDER BY product_id',
    row: line,
  }),
  await clickhouse.rows({
    name: 'test',
    sql: 'SELECT name AS line FROM silver.branches FINAL ORDER BY branch_id',
    row: line,
  }),
];
const figuresInPostgres = async (db: pg.Pool) => {
  const rowsOf = async (sql: string) => (await db.query(sql)).rows.map((row) => line.parse(row));
  return [
    await rowsOf(`select concat('(', count(*), ',', sum(total_minor), ',', count(distinct coalesce(c.number, 0)), ',',
        count(distinct coalesce(c.customer_id, '00000000-0000-0000-0000-000000000000')), ')') as line
      from purchases p left join customers c using (customer_id) where voided_at is null`),
    await rowsOf(`select concat('(''', customer_id, ''',', number, ',', purchases, ',', spent_minor, ',', (loyal_since is null)::int, ')') as line
      from customers where purchases > 0 order by number`),
    await rowsOf('select name as line from products order by product_id'),
    await rowsOf('select name as line from branches order by branch_id'),
  ];
};

const adopt = (url: string, ...args: string[]) =>
  promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('main.ts', import.meta.url)), ...args],
    { env: { ...process.env, POSTGRES_URL: url, CLICKHOUSE_URL: engine.url, KAFKA_BROKERS: '' } },
  );

test('Postgres is restored to an earlier moment: nothing is healed until a person says so, then every figure is that of the books', async () => {
  const { url, pool } = await makeDatabase(inject('postgresUrl'));
  await pool.end();
  const [regular, casual, gone] = [randomUUID(), randomUUID(), randomUUID()];
  let voidedLater = '';
  await during(url, async (db) => {
    [voidedLater = ''] = await sell(db, 2, regular);
    await sell(db, 20, null);
    await allSent(db);
    expect(await reconcile(db)).toEqual({ stopped: '', found: 0, healed: 0 });
  });
  const backup = await copyDatabase(url, `backup_${randomUUID().replaceAll('-', '')}`);
  // What happened after the backup: three sales only, too few to be found out by their share.
  await during(url, async (db) => {
    await sell(db, 1, regular);
    await sell(db, 2, gone);
    await db.query('select void_purchase($1)', [voidedLater]);
    await changeProduct(db, 'milk', { name: 'Milk, renamed' }, { request_id: 'test' });
    await upsertBranches(db, [{ branch_id: 'LATER', name: 'Later', country: 'DE' }]);
    await allSent(db);
    expect(await reconcile(db)).toEqual({ stopped: '', found: 0, healed: 0 });
  });

  await during(backup, async (db) => {
    // Tills sell on at once: this customer's revision and the other's number are taken already.
    await sell(db, 1, regular);
    await sell(db, 1, casual);
    await allSent(db);
    const before = await figuresInClickHouse();
    for (let runs = 0; runs < 2; runs++) {
      const { stopped, found, healed } = await reconcile(db);
      expect({ stopped, healed }).toEqual({ stopped: 'restored', healed: 0 });
      expect(found).toBeGreaterThan(3);
    }
    expect(await figuresInClickHouse()).toEqual(before);

    const looked = await adopt(backup);
    expect(looked.stdout).toContain('purchase: 0 only in Postgres, 3 only in ClickHouse, 1 different');
    expect(looked.stdout).toContain('Nothing was changed.');
    expect(await figuresInClickHouse()).toEqual(before);
    await expect(adopt(backup, '--apply')).rejects.toThrow('Usage');

    const saved = path.join(folder, 'after-the-backup.ndjson');
    const applied = await adopt(backup, '--apply', '--save', saved);
    expect(applied.stdout).toContain(`ClickHouse is equal to Postgres; 3 purchases were saved to ${saved}.`);
    const events = readFileSync(saved, 'utf8').trim().split('\n');
    expect(events.map((event) => JSON.parse(event).data.total_minor)).toEqual([470, 470, 470]);
    expect(await figuresInClickHouse()).toEqual(await figuresInPostgres(db));
    expect(await reconcile(db)).toEqual({ stopped: '', found: 0, healed: 0 });

    // What comes afterwards counts as ever.
    await sell(db, 1, regular);
    await sell(db, 1, gone);
    await allSent(db);
    expect(await figuresInClickHouse()).toEqual(await figuresInPostgres(db));
    expect(await reconcile(db)).toEqual({ stopped: '', found: 0, healed: 0 });
  });
}, 120_000);
