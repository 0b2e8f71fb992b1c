import { randomUUID } from 'node:crypto';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { recordPurchases } from '@tillstream/pos-api/record-purchases';
import { directPublisher } from '@tillstream/pos-api/relay/publishers/direct-publisher';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { relaying, untilEmpty } from '../../../pos-api/test/outbox.ts';
import { makeDatabase, purchase, type TestDatabase } from '../../../tests/support/database.ts';
import { type OwnEngine, startOwnEngine } from '../../../tests/support/own-engine.ts';
import { forgetCustomer } from './forget.ts';

const [FORGOTTEN, STAYS] = [randomUUID(), randomUUID()];
let database: TestDatabase;
let engine: OwnEngine;
let clickhouse: ClickHouse;

beforeAll(async () => {
  [database, engine] = await Promise.all([makeDatabase(inject('postgresUrl')), startOwnEngine('forget')]);
  ({ clickhouse } = engine);
  await migrateClickHouse(clickhouse, undefined);
});
afterAll(async () => {
  await engine?.stop();
  await database?.pool.end();
});

const relayed = (during: () => Promise<void>) => relaying(database.url, [directPublisher(engine.url)], during);
const rows = (sql: string) => clickhouse.rows({ name: 'test', sql, row: z.record(z.string(), z.unknown()) });

/** All that figures are made of: everything but who the customers are, which version counts and when it came. */
const figures = async () => ({
  purchases: await rows(
    `SELECT * EXCEPT (version, customer_id, arrived_at) FROM silver.purchases FINAL ORDER BY purchase_id`,
  ),
  customers: await rows('SELECT * EXCEPT (revision, customer_id) FROM silver.customers FINAL ORDER BY number'),
  branches: await rows(
    'SELECT * EXCEPT (revision, customer_id) FROM silver.customer_branches FINAL ORDER BY branch_id, number',
  ),
  milestones: await rows(
    'SELECT * EXCEPT (revision, arrived_at) FROM silver.customer_milestones FINAL WHERE active ORDER BY ALL',
  ),
  books: (
    await database.pool.query(
      `select number, purchases, spent_minor, loyal_since, first_sold_at, last_sold_at from customers order by number`,
    )
  ).rows,
});

/** Every table of both stores that has the id anywhere in a row. */
const whereNamed = async (id: string): Promise<string[]> => {
  const found: string[] = [];
  const tables = await database.pool.query(
    `select format('%I', tablename) as name from pg_tables where schemaname = 'public'`,
  );
  for (const { name } of tables.rows) {
    const { rowCount } = await database.pool.query(
      `select from ${name} as t where position($1 in t::text) > 0 limit 1`,
      [id],
    );
    if (rowCount) found.push(`postgres ${name}`);
  }
  const stored = await rows(
    `SELECT concat(database, '.', name) AS name FROM system.tables
     WHERE database IN ('bronze', 'silver', 'sealed', 'gold', 'ops') AND engine LIKE '%MergeTree'`,
  );
  // ClickHouse keeps what mutations it was given.
  const [{ n: mutations } = { n: undefined }] = await rows(
    `SELECT count() AS n FROM system.mutations WHERE position(lower(command), '${id}') > 0`,
  );
  if (mutations !== 0) found.push('clickhouse system.mutations');
  for (const { name } of stored) {
    const [row] = await rows(
      `SELECT count() AS n FROM ${name} AS t WHERE position(lower(toString(tuple(t.*))), '${id}') > 0`,
    );
    if (row?.n !== 0) found.push(`clickhouse ${name}`);
  }
  return found;
};

test('a customer is forgotten in both stores, and no figure changes', async () => {
  const sale = (customer_id: string | null, more = {}) => purchase({ customer_id, ...more });
  const first = sale(FORGOTTEN);
  const sales = [first, sale(FORGOTTEN), sale(FORGOTTEN, { branch_id: 'SMKT002' }), sale(STAYS), sale(null)];
  await relayed(async () => {
    for (const each of sales) expect((await recordPurchases(database.pool, [each]))[0]?.outcome).toBe('recorded');
    await recordPurchases(database.pool, [sale(FORGOTTEN)]);
    await database.pool.query(
      'select void_purchase((select purchase_id from purchases where customer_id = $1 order by recorded_at desc limit 1))',
      [FORGOTTEN],
    );
    await untilEmpty(database.pool);
  });
  const before = await figures();
  expect(before.customers).toHaveLength(2);
  expect((await whereNamed(FORGOTTEN)).length).toBeGreaterThan(4);
  // An event that the broker refused, and one that waits.
  await database.pool.query(`insert into dead_letters (key, payload, reason) values ('k', $1, 'test')`, [FORGOTTEN]);
  await database.pool.query(`insert into outbox (key, payload) values ('k', $1)`, [`{"customer_id":"${FORGOTTEN}"}`]);
  // What the row of a file said besides: of this customer's sales, one of them void, and of another's.
  await database.pool.query(
    `insert into purchase_columns
       select purchase_id, jsonb_build_object('card holder', coalesce(customer_id::text, 'nobody')) from purchases`,
  );
  // What the reconciliation found, with what each store had.
  const finding = (clickhouse: string) => ({ found_at: new Date().toISOString(), subject: 'purchase', clickhouse });
  await clickhouse.insert('ops.reconciliation_findings', [
    finding(`{"customer_id":"${FORGOTTEN}"}`),
    finding(`{"customer_id":"${STAYS}"}`),
  ]);

  await relayed(async () => {
    const { known, messages } = await forgetCustomer(database.pool, clickhouse, FORGOTTEN.toUpperCase(), 20_000);
    expect(known).toBe(true);
    expect(messages).toBeGreaterThanOrEqual(5);
    await untilEmpty(database.pool);
  });

  expect(await whereNamed(FORGOTTEN)).toEqual([]);
  const kept = await database.pool.query('select from purchase_columns');
  expect(kept.rowCount).toBe(2);
  expect(await whereNamed(STAYS)).toEqual(
    expect.arrayContaining(['postgres purchase_columns', 'clickhouse ops.reconciliation_findings']),
  );
  expect(await figures()).toEqual(before);
  // Bronze has every message still, and Postgres and ClickHouse agree on who is who.
  const [bronze] = await rows(
    "SELECT count() AS n FROM bronze.events WHERE dq_status = 'ok' AND payload LIKE '%pos.purchase%'",
  );
  expect(bronze?.n).toBeGreaterThanOrEqual(7 + 4);
  const books = await database.pool.query('select customer_id, number from customers order by number');
  expect(await rows('SELECT customer_id, number FROM silver.customers FINAL ORDER BY number')).toEqual(books.rows);
  // A till that sends a sale of before again does not record it twice, nor bring the id back.
  const [again] = await recordPurchases(database.pool, [first]);
  expect(again?.outcome).not.toBe('recorded');
  expect(again?.outcome).not.toBe('replayed');
  expect(await whereNamed(FORGOTTEN)).toEqual([]);
});

test('messages that come back later, e.g. by a replay, go by running it again', async () => {
  const payload = `{"data":{"customer":{"customer_id":"${FORGOTTEN}"}}}`;
  await clickhouse.insert('bronze.inbox', [
    { payload, topic: 't', partition: 0, offset: 1, key: 'k', produced_at: new Date().toISOString() },
  ]);
  expect(await whereNamed(FORGOTTEN)).toEqual(['clickhouse bronze.events']);
  expect(await forgetCustomer(database.pool, clickhouse, FORGOTTEN, 1_000)).toEqual({ known: false, messages: 1 });
  expect(await whereNamed(FORGOTTEN)).toEqual([]);
});

test('while the relay does not run it stops, and goes on later', async () => {
  await expect(forgetCustomer(database.pool, clickhouse, STAYS, 0)).rejects.toThrow('is the relay running?');
  await relayed(async () => {
    expect((await forgetCustomer(database.pool, clickhouse, STAYS, 20_000)).known).toBe(true);
  });
  expect(await whereNamed(STAYS)).toEqual([]);
});

test('a sale that is still on its way to ClickHouse is waited for', async () => {
  const customer_id = randomUUID();
  await recordPurchases(database.pool, [purchase({ customer_id })]);
  // Its event has left Postgres and has not arrived.
  await database.pool.query('delete from outbox');
  await expect(forgetCustomer(database.pool, clickhouse, customer_id, 0)).rejects.toThrow('0 of 1 without');
  await relayed(async () => {
    expect((await forgetCustomer(database.pool, clickhouse, customer_id, 20_000)).known).toBe(true);
  });
  expect(await whereNamed(customer_id)).toEqual([]);
});
