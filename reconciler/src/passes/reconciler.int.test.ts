import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { upsertBranches } from '@tillstream/pos-api/catalog';
import { recordPurchases } from '@tillstream/pos-api/record-purchases';
import { retryDeadLetters } from '@tillstream/pos-api/relay/outbox/dead-letters';
import { directPublisher } from '@tillstream/pos-api/relay/publishers/direct-publisher';
import { runRelay } from '@tillstream/pos-api/relay/relay';
import { returnPurchase } from '@tillstream/pos-api/return-purchase';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { startSilentProxy } from '../../../pos-api/test/silent-proxy.ts';
import { makeDatabase, purchase, type TestDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { freePort } from '../../../tests/support/ports.ts';
import { startEngine, type TestEngine } from '../../test/engine.ts';
import { forgetCustomer } from '../forget/forget.ts';
import { pipelineOver } from '../pipeline/pipeline.ts';
import { readMoment } from '../reemit/period.ts';
import { reemit } from '../reemit/reemit.ts';
import { latestReconciliation } from '../report/latest.ts';
import { writeResults } from '../report/results.ts';
import { type ReconcilerOptions, type Run, reconciler } from './reconciler.ts';
import type { ReportedFinding } from './summary.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const never = new AbortController().signal;
/** History is gone through whole in each run, so that each finds what there is. */
const WHOLE: ReconcilerOptions = { heal: true, historyBudgetMs: 20_000, settlingMs: 0, restMs: 60_000 };
const SOLD = '2026-03-01T10:00:00.000Z';

/** An engine of its own: the reconciler compares everything that ClickHouse holds with one Postgres. */
let engine: TestEngine;
let database: TestDatabase;
let clickhouse: ClickHouse;
let relay: { stop(): Promise<void> } | undefined;

beforeAll(async () => {
  engine = await startEngine();
  database = await makeDatabase(inject('postgresUrl'));
  clickhouse = connectClickHouse(engine.url, 'test');
  await migrateClickHouse(clickhouse, undefined);
});
afterEach(async () => {
  await startRelaying();
  await eventuallyEmpty();
  await stopRelaying();
});
afterAll(async () => {
  await Promise.all([database?.pool.end(), clickhouse?.close()]);
  await engine?.stop();
});

const startRelaying = async () => {
  if (relay) return;
  const stopping = new AbortController();
  const publisher = directPublisher(engine.url);
  const running = runRelay(database.url, publisher, quiet, stopping.signal);
  relay = {
    stop: async () => {
      stopping.abort();
      await running;
      await publisher.close();
    },
  };
};
const stopRelaying = async () => {
  await relay?.stop();
  relay = undefined;
};
const eventuallyEmpty = async () => {
  for (;;) {
    const { rows } = await database.pool.query('select count(*)::int as waiting from outbox');
    if (rows[0]?.waiting === 0) return;
    await delay(20);
  }
};

const record = async (count: number, replaced: Parameters<typeof purchase>[0] = {}) => {
  const answers = await recordPurchases(
    database.pool,
    Array.from({ length: count }, () => purchase({ sold_at: SOLD, ...replaced })),
  );
  return answers.map((answer) => (answer.outcome === 'recorded' ? answer.purchase_id : ''));
};

/** Records purchases and waits until ClickHouse has them. */
const arrived = async (count: number, replaced: Parameters<typeof purchase>[0] = {}) => {
  const ids = await record(count, replaced);
  await startRelaying();
  await eventuallyEmpty();
  return ids;
};

const newRun = (options: Partial<ReconcilerOptions> = {}, timeoutMs = 5_000): Run =>
  reconciler(database.pool, clickhouse, pipelineOver(database.pool, undefined, timeoutMs, never), quiet, {
    ...WHOLE,
    ...options,
  });

/** One run over everything; its findings in few words, and what the others read of it. */
const check = async (run: Run) => {
  const results = await run();
  await writeResults(clickhouse, new Date(), results);
  const findings = results.flatMap(({ summary }) => summary.findings);
  return { results, findings, named: named(findings) };
};
const named = (findings: readonly ReportedFinding[]) =>
  [
    ...new Set(
      findings.map(({ subject, kind, key, healed }) => `${subject} ${key.id} ${kind}${healed ? ', healed' : ''}`),
    ),
  ].sort();

const silver = (id: string) =>
  clickhouse.rows({
    name: 'silver',
    sql: `SELECT toString(slot) AS at, branch_id, toString(status) AS state, total_minor, units, intDiv(version, 65536) AS version,
            toString(recorded_at) AS recorded
          FROM silver.purchases FINAL WHERE purchase_id = {id:UUID} ORDER BY at, branch_id`,
    params: { id },
    row: z.object({
      at: z.string(),
      branch_id: z.string(),
      state: z.string(),
      total_minor: z.number(),
      units: z.number(),
      version: z.number(),
      recorded: z.string(),
    }),
  });

/** Writes a row of a table again with something else in it. */
const corruptIn = (table: string, column: string, id: string, replaced: string) =>
  clickhouse.command(
    `INSERT INTO ${table} SELECT * REPLACE (${replaced}) FROM (SELECT * FROM ${table} FINAL WHERE ${column} = '${id}')`,
  );
const corrupt = (id: string, replaced: string) => corruptIn('silver.purchases', 'purchase_id', id, replaced);

test('nothing differs when everything has arrived', async () => {
  await arrived(20, { customer_id: randomUUID() });
  await arrived(20);
  const { named, results } = await check(newRun());
  expect(named).toEqual([]);
  expect(results.map(({ scope, finished }) => [scope, finished])).toEqual([
    ['recent', true],
    ['purchases', true],
    ['customers', true],
    ['customer_branches', true],
    ['catalog', true],
  ]);
  const [recent, all] = results;
  expect(recent?.summary.purchases).toBeGreaterThanOrEqual(40);
  expect(all?.summary.purchases).toBeGreaterThanOrEqual(40);
  expect(await latestReconciliation(clickhouse)).toMatchObject({ lost: 0, extra: 0, different: 0, in_flight: 0 });
});

test.each([
  ['another total under the same version', 'total_minor + 1 AS total_minor'],
  ['another total under a higher version', 'total_minor + 1 AS total_minor, version + 65536 * 7 AS version'],
  [
    'other items at the same price',
    `['bread', 'milk'] AS product_ids, reverse(unit_prices_minor) AS unit_prices_minor`,
  ],
  ['another number of items', 'units + 1 AS units'],
  ['another moment in the same slot', 'sold_at + INTERVAL 1 SECOND AS sold_at'],
  ['another customer', 'toUUID(generateUUIDv4()) AS customer_id, 4000000 AS customer_number'],
  ['voided', `'voided' AS status, version + 65536 AS version`],
  ['the same content under a higher version', 'version + 65536 AS version'],
])('a corrupt row is found, named and healed: %s', async (_what, replaced) => {
  const [id = ''] = await arrived(3, { sold_at: '2026-02-01T10:05:00.000Z' });
  const [before] = await silver(id);
  await corrupt(id, replaced);
  const found = await check(newRun());
  expect(found.named).toEqual([`purchase ${id} different, healed`]);
  expect(await silver(id)).toEqual([{ ...before, version: expect.any(Number) }]);
  expect((await check(newRun())).named).toEqual([]);
});

test('a corrupt row of an old purchase is found by its arrival, before history comes to it', async () => {
  const [id = ''] = await arrived(3, { sold_at: '2026-01-05T10:05:00.000Z' });
  const run = newRun({ historyBudgetMs: 0 });
  await check(run);
  // Past the overlap of the windows, so that the purchase is no longer recent.
  await delay(5_500);
  expect((await check(run)).named).toEqual([]);
  await corrupt(id, 'total_minor + 1 AS total_minor');
  expect((await check(run)).named).toEqual([`purchase ${id} different, healed`]);
  expect((await check(newRun())).named).toEqual([]);
});

test('a deleted row is found lost and healed', async () => {
  const [id = ''] = await arrived(3, { sold_at: '2026-02-02T10:05:00.000Z' });
  await clickhouse.command(
    `ALTER TABLE silver.purchases DELETE WHERE purchase_id = '${id}' SETTINGS mutations_sync = 1`,
  );
  expect(await silver(id)).toEqual([]);
  expect((await check(newRun())).named).toEqual([`purchase ${id} lost, healed`]);
  expect(await silver(id)).toMatchObject([{ state: 'recorded', total_minor: 470, version: 1 }]);
  expect((await check(newRun())).named).toEqual([]);
});

/** A purchase of 1 February, and one of its two items that came back in another branch on the 6th: their ids. */
const takenBack = async (): Promise<[sale: string, taken: string]> => {
  const [sale = ''] = await record(1, { sold_at: '2026-02-01T12:05:00.000Z', customer_id: randomUUID() });
  const given = {
    ...{ idempotency_key: randomUUID(), credential: null, fingerprint: '00', branch_id: 'SMKT002' },
    ...{ items: ['milk'], quantities: ['1'], cashier: null, reason: null, request_id: null, who: null },
  };
  const answer = await returnPurchase(database.pool, sale, given);
  if (answer?.outcome !== 'recorded') throw new Error(JSON.stringify(answer));
  await startRelaying();
  await eventuallyEmpty();
  return [sale, answer.return_id];
};

test('a return is compared and healed as a purchase is, by sending its purchase again', async () => {
  const [sale, taken] = await takenBack();
  expect((await check(newRun())).named).toEqual([]);
  const [before] = await silver(taken);
  expect(before).toMatchObject({ branch_id: 'SMKT002', units: 0, version: 2 });
  expect(before?.total_minor).toBeLessThan(0);

  await corrupt(taken, 'total_minor - 1 AS total_minor');
  expect((await check(newRun())).named).toEqual([`purchase ${taken} different, healed`]);
  expect(await silver(taken)).toEqual([{ ...before, version: expect.any(Number) }]);
  expect((await check(newRun())).named).toEqual([]);

  await clickhouse.command(
    `ALTER TABLE silver.purchases DELETE WHERE purchase_id = '${taken}' SETTINGS mutations_sync = 1`,
  );
  expect((await check(newRun())).named).toEqual([`purchase ${taken} lost, healed`]);
  expect(await silver(taken)).toEqual([{ ...before, version: expect.any(Number) }]);

  const phantom = randomUUID();
  await corrupt(taken, `toUUID('${phantom}') AS purchase_id`);
  expect((await check(newRun())).named).toEqual([`purchase ${phantom} extra, healed`]);
  expect(await silver(phantom)).toMatchObject([{ state: 'voided' }]);
  expect(await silver(sale)).toMatchObject([{ state: 'recorded', units: 2 }]);
  expect((await check(newRun())).named).toEqual([]);
});

test('a purchase that Postgres does not know is found extra and voided by a tombstone', async () => {
  const [real = ''] = await arrived(1, { sold_at: '2026-02-03T10:05:00.000Z' });
  const phantom = randomUUID();
  await corrupt(real, `toUUID('${phantom}') AS purchase_id, version + 65536 * 3 AS version, 'NOWHERE' AS branch_id`);
  expect((await check(newRun())).named).toEqual([`purchase ${phantom} extra, healed`]);
  const [original] = await silver(real);
  expect(await silver(phantom)).toMatchObject([
    { branch_id: 'NOWHERE', state: 'voided', version: 5, recorded: original?.recorded },
  ]);
  expect((await check(newRun())).named).toEqual([]);
});

test('a purchase that counts twice, in two slots, is extra where it does not belong', async () => {
  const [id = ''] = await arrived(1, { sold_at: '2026-02-04T10:05:00.000Z' });
  await corrupt(id, 'slot + INTERVAL 1 DAY AS slot, sold_at + INTERVAL 1 DAY AS sold_at');
  expect((await check(newRun())).named).toEqual([`purchase ${id} extra, healed`]);
  expect((await silver(id)).map(({ state }) => state)).toEqual(['recorded', 'voided']);
  expect((await check(newRun())).named).toEqual([]);
});

test.each([
  ['over the chain', 'silver.customers', 'customer'],
  ['in a branch', 'silver.customer_branches', 'customer_branch'],
])('a wrong snapshot of a customer is found and healed: %s', async (_where, table, subject) => {
  const customer = randomUUID();
  await arrived(3, { customer_id: customer });
  await corruptIn(table, 'customer_id', customer, '9 AS purchases, revision + 5 AS revision');
  expect((await check(newRun())).named).toEqual([`${subject} ${customer} different, healed`]);
  expect((await check(newRun())).named).toEqual([]);
  const { purchases } = await clickhouse.row({
    name: 'customer',
    sql: `SELECT purchases FROM ${table} FINAL WHERE customer_id = {customer:UUID}`,
    params: { customer },
    row: z.object({ purchases: z.number() }),
  });
  expect(purchases).toBe(3);
  // The next sale must win over what was wrong.
  await arrived(1, { customer_id: customer });
  expect((await check(newRun())).named).toEqual([]);
});

test('a sale that moves no milestone of its customer writes none', async () => {
  const customer = randomUUID();
  const newest = () =>
    clickhouse.row({
      name: 'newest milestone',
      sql: `SELECT max(revision) AS revision, uniqExact(branch_id, milestone) AS milestones FROM silver.customer_milestones
            WHERE customer_number = (SELECT any(number) FROM silver.customers WHERE customer_id = {customer:UUID})`,
      params: { customer },
      row: z.object({ revision: z.number(), milestones: z.number() }),
    });
  for (let sale = 1; sale <= 4; sale++) await arrived(1, { customer_id: customer });
  // The first sale and the third moved some, the second and the fourth none.
  expect(await newest()).toEqual({ revision: 3, milestones: 4 });
});

test('a milestone that an event left behind, and one that is missing, are healed by the snapshot of the customer', async () => {
  const customer = randomUUID();
  await arrived(3, { customer_id: customer });
  const active = () =>
    clickhouse.rows({
      name: 'milestones',
      sql: `SELECT branch_id, toString(milestone) AS milestone, toString(slot) AS slot FROM silver.customer_milestones FINAL
            WHERE active AND customer_number = (SELECT any(number) FROM silver.customers WHERE customer_id = {customer:UUID}) ORDER BY ALL`,
      params: { customer },
      row: z.object({ branch_id: z.string(), milestone: z.string(), slot: z.string() }),
    });
  const right = await active();
  expect(right).toHaveLength(4);
  await clickhouse.command(`
    INSERT INTO silver.customer_milestones (branch_id, milestone, slot, customer_number, moment, active, revision)
    SELECT branch_id, milestone, slot + 900 * if(milestone = 'first', 1, 0), customer_number, moment, milestone = 'first', revision
    FROM silver.customer_milestones FINAL
    WHERE active AND customer_number = (SELECT any(number) FROM silver.customers WHERE customer_id = '${customer}')`);
  await clickhouse.command('OPTIMIZE TABLE silver.customer_milestones FINAL');
  expect(await active()).not.toEqual(right);
  await check(newRun());
  expect(await active()).toEqual(right);
});

test('customers that Postgres does not know, or who have no purchase left, are healed by a void purchase made up for them', async () => {
  const [phantom, customer] = [randomUUID(), randomUUID()];
  const [id = ''] = await arrived(1, { customer_id: customer });
  await database.pool.query('select void_purchase($1)', [id]);
  await eventuallyEmpty();
  for (const table of ['silver.customers', 'silver.customer_branches']) {
    await corruptIn(table, 'customer_id', customer, `toUUID('${phantom}') AS customer_id, 1 AS purchases`);
    await corruptIn(table, 'customer_id', customer, '1 AS purchases, revision + 2 AS revision');
  }
  expect((await check(newRun())).named).toEqual(
    [
      `customer ${phantom} extra, healed`,
      `customer ${customer} different, healed`,
      `customer_branch ${phantom} extra, healed`,
      `customer_branch ${customer} different, healed`,
    ].sort(),
  );
  expect((await check(newRun())).named).toEqual([]);
});

test('a customer who is being forgotten is no difference: to heal it would bring the id back', async () => {
  const customer_id = randomUUID();
  await arrived(2, { customer_id });
  await database.pool.query('select forget_customer($1)', [customer_id]);
  await eventuallyEmpty();
  const { named } = await check(newRun());
  expect(named).toEqual([]);
  const forgotten = await forgetCustomer(database.pool, clickhouse, customer_id, 20_000);
  expect(forgotten).toEqual({ known: true, messages: 2 });
  expect((await check(newRun())).named).toEqual([]);
});

test('an event that never arrives is found lost, with the figures of its customer', async () => {
  const customer = randomUUID();
  await stopRelaying();
  const [id = ''] = await record(1, { customer_id: customer });
  await database.pool.query('delete from outbox where key = $1', [id]);
  await startRelaying();
  // Healing the purchase brings the customer along.
  expect((await check(newRun())).named).toEqual([`purchase ${id} lost, healed`]);
  expect((await check(newRun())).named).toEqual([]);
});

test('a purchase whose event is a dead letter stays lost and is not sent again until it is retried', async () => {
  const customer = randomUUID();
  await stopRelaying();
  const [id = ''] = await record(1, { customer_id: customer });
  await database.pool.query(
    `with refused as (delete from outbox where key = $1 returning key, payload)
     insert into dead_letters (key, payload, reason) select key, payload, 'too large' from refused`,
    [id],
  );
  await startRelaying();
  for (let run = 1; run <= 2; run++) {
    expect((await check(newRun())).named).toEqual([
      `customer ${customer} lost`,
      `customer_branch ${customer} lost`,
      `purchase ${id} lost`,
    ]);
    const { rows } = await database.pool.query('select count(*)::int as waiting from outbox where key = $1', [id]);
    expect(rows[0]?.waiting).toBe(0);
  }
  expect(await retryDeadLetters(database.pool, 'all')).toBe(1);
  await eventuallyEmpty();
  expect((await check(newRun())).named).toEqual([]);
});

test('what waits in the outbox is in flight, a void too, and no difference', async () => {
  const [id = ''] = await arrived(1, { customer_id: randomUUID() });
  await stopRelaying();
  await record(5, { customer_id: randomUUID() });
  await database.pool.query('select void_purchase($1)', [id]);
  const { named, results } = await check(newRun({}, 300));
  expect(named).toEqual([]);
  expect(results[0]?.inFlight).toBe(6);
  expect(await latestReconciliation(clickhouse)).toMatchObject({ in_flight: 6 });
  await startRelaying();
  await eventuallyEmpty();
  expect((await check(newRun())).named).toEqual([]);
});

test('with healing off a finding stays, and shows until it is gone', async () => {
  const [id = ''] = await arrived(1, { sold_at: '2026-02-05T10:05:00.000Z' });
  await corrupt(id, 'total_minor + 1 AS total_minor');
  expect((await check(newRun({ heal: false }))).named).toEqual([`purchase ${id} different`]);
  expect((await latestReconciliation(clickhouse)).different).toBeGreaterThanOrEqual(1);
  const rows = await clickhouse.rows({
    name: 'findings',
    sql: `SELECT kind, JSONExtractInt(clickhouse, 'total_minor') AS theirs, JSONExtractInt(postgres, 'total_minor') AS ours, healed
          FROM ops.reconciliation_findings WHERE purchase_id = {id:UUID}`,
    params: { id },
    row: z.object({ kind: z.string(), theirs: z.number(), ours: z.number(), healed: z.boolean() }),
  });
  expect(rows[0]).toEqual({ kind: 'different', theirs: 471, ours: 470, healed: false });
  expect((await check(newRun())).named).toEqual([`purchase ${id} different, healed`]);
});

const HIGHEST = '18446744073709551615';
test.each([
  [
    'another name under a high revision',
    'product milk different',
    'products',
    'product_id',
    'milk',
    `'Other' AS name, 1000000 AS revision`,
  ],
  [
    'a revision that none can outdo',
    'product eggs different',
    'products',
    'product_id',
    'eggs',
    `'Other' AS name, ${HIGHEST} AS revision`,
  ],
  [
    'another price under the same revision',
    'product bread different',
    'products',
    'product_id',
    'bread',
    'unit_price_minor + 1 AS unit_price_minor',
  ],
  [
    'no longer sold',
    'product milk different',
    'products',
    'product_id',
    'milk',
    'false AS active, revision + 1 AS revision',
  ],
  ...(["'Dairy' AS category", "'kg' AS unit", "'4006381333931' AS sku", 'true AS open_price'] as const).map(
    (replaced): [string, string, string, string, string, string] => [
      replaced,
      'product milk different',
      'products',
      'product_id',
      'milk',
      replaced,
    ],
  ),
  ['another country', 'branch SMKT001 different', 'branches', 'branch_id', 'SMKT001', `'XX' AS country`],
  [
    'another name of a branch',
    'branch SMKT002 different',
    'branches',
    'branch_id',
    'SMKT002',
    `'Other' AS name, 77 AS revision`,
  ],
  [
    'a branch that nobody has',
    'branch kafka1 extra',
    'branches',
    'branch_id',
    'SMKT001',
    `'kafka1' AS branch_id, 9 AS revision`,
  ],
  ['a product that nobody has', `product it's extra`, 'products', 'product_id', 'milk', `'it\\'s' AS product_id`],
])('the catalog is compared and healed: %s', async (_what, found, table, column, id, replaced) => {
  await arrived(1);
  const shown = () =>
    clickhouse.rows({
      name: 'catalog',
      sql: `SELECT toString(tuple(* EXCEPT revision)) AS line FROM silver.${table} FINAL ORDER BY ${column}`,
      row: z.object({ line: z.string() }),
    });
  const before = await shown();
  await corruptIn(`silver.${table}`, column, id, replaced);
  expect(await shown()).not.toEqual(before);
  expect((await check(newRun())).named).toEqual([`${found}, healed`]);
  expect(await shown()).toEqual(before);
  expect((await check(newRun())).named).toEqual([]);
});

test('a product that ClickHouse lost comes back, and one whose event got lost follows', async () => {
  await arrived(1);
  await clickhouse.command(`ALTER TABLE silver.products DELETE WHERE product_id = 'eggs' SETTINGS mutations_sync = 1`);
  await database.pool.query(
    `update branches set name = 'Renamed', revision = revision + 1 where branch_id = 'SMKT002'`,
  );
  expect((await check(newRun())).named).toEqual(['branch SMKT002 different, healed', 'product eggs lost, healed']);
  expect((await check(newRun())).named).toEqual([]);
});

test('many extra purchases get no tombstone: Postgres may have lost them', async () => {
  const [real = ''] = await arrived(1, { sold_at: '2026-02-06T10:05:00.000Z' });
  await clickhouse.command(
    `INSERT INTO silver.purchases SELECT one.* REPLACE (generateUUIDv4(number) AS purchase_id) FROM
       (SELECT * FROM silver.purchases FINAL WHERE purchase_id = '${real}') AS one CROSS JOIN numbers(101) AS n`,
  );
  const { named, results } = await check(newRun());
  expect(named).toHaveLength(101);
  expect(results.map(({ healingStopped }) => healingStopped)).toContain('too many');
  expect((await latestReconciliation(clickhouse)).healing_stopped).toBe('too many');
  expect(named.every((finding) => finding.endsWith(' extra'))).toBe(true);
  await clickhouse.command(
    `ALTER TABLE silver.purchases DELETE WHERE slot = '2026-02-06 10:00:00' AND purchase_id != '${real}' SETTINGS mutations_sync = 1`,
  );
  expect((await check(newRun())).named).toEqual([]);
});

test('sending a period again brings back what is missing and what is wrong, and may be repeated', async () => {
  const sold_at = '2026-02-07T10:05:00.000Z';
  const [lost = '', wrong = '', kept = ''] = await arrived(3, { sold_at, customer_id: randomUUID() });
  await clickhouse.command(
    `ALTER TABLE silver.purchases DELETE WHERE purchase_id = '${lost}' SETTINGS mutations_sync = 1`,
  );
  await corrupt(wrong, 'total_minor + 1 AS total_minor, version + 65536 AS version');
  const period = {
    from: Date.parse('2026-02-07T00:00:00Z'),
    to: Date.parse('2026-02-08T00:00:00Z'),
    branch: 'SMKT001',
  };
  const again = () => reemit(database.pool, clickhouse, period, () => undefined, never);
  expect(await again()).toMatchObject({ sent: 3, differed: 2, total: 3 });
  await eventuallyEmpty();
  expect(await silver(lost)).toMatchObject([{ total_minor: 470, version: 1 }]);
  expect(await silver(wrong)).toMatchObject([{ total_minor: 470, version: 3 }]);
  expect(await silver(kept)).toMatchObject([{ total_minor: 470, version: 1 }]);
  expect(await again()).toMatchObject({ sent: 3, differed: 0, total: 3 });
  await eventuallyEmpty();
  expect((await check(newRun())).named).toEqual([]);
});

test('sending again brings the catalog back too, as it was', async () => {
  const catalog = async () => ({
    products: await clickhouse.rows({
      name: 'test',
      sql: 'SELECT product_id AS id, name, revision FROM silver.products FINAL ORDER BY id',
      row: z.object({ id: z.string(), name: z.string(), revision: z.number() }),
    }),
    branches: await clickhouse.rows({
      name: 'test',
      sql: 'SELECT branch_id AS id, name, revision FROM silver.branches FINAL ORDER BY id',
      row: z.object({ id: z.string(), name: z.string(), revision: z.number() }),
    }),
  });
  const nothing = { from: Date.parse(SOLD), to: Date.parse(SOLD), branch: undefined };
  const again = () => reemit(database.pool, clickhouse, nothing, () => undefined, never);
  await startRelaying();
  const first = await again();
  await eventuallyEmpty();
  const before = await catalog();
  expect(first.catalog).toBe(before.products.length + before.branches.length);
  expect(first.catalog).toBeGreaterThan(0);
  for (const table of ['products', 'branches']) await clickhouse.command(`TRUNCATE TABLE silver.${table}`);
  await again();
  await eventuallyEmpty();
  expect(await catalog()).toEqual(before);
});

test.each([0, 3_000])(
  'a live stream of sales and voids shows no difference, settling %i ms',
  async (settlingMs) => {
    await startRelaying();
    await upsertBranches(database.pool, [{ branch_id: 'LIVE', name: 'Live', country: 'DE' }]);
    const customers = Array.from({ length: 5 }, () => randomUUID());
    const run = newRun({ restMs: 0, historyBudgetMs: 100, settlingMs });
    let enough = false;
    const selling = (async () => {
      const sold: string[] = [];
      while (!enough) {
        sold.push(
          ...(await record(4, { branch_id: 'LIVE', sold_at: null, customer_id: customers[sold.length % 5] ?? null })),
        );
        if (sold.length % 12 === 0) await database.pool.query('select void_purchase($1)', [sold.at(-10)]);
        await delay(20);
      }
      return sold.length;
    })();
    const found: string[] = [];
    let compared = 0;
    for (let checks = 0; compared <= 200 || checks < 5; checks++) {
      const { named, results } = await check(run);
      found.push(...named);
      compared += results[0]?.summary.purchases ?? 0;
      await delay(200);
    }
    enough = true;
    expect(await selling).toBeGreaterThan(100);
    expect(found).toEqual([]);
    await eventuallyEmpty();
    expect((await check(newRun())).named).toEqual([]);
  },
  120_000,
);

const runEntry = (file: string, args: string[], env: Record<string, string>) => {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL(file, import.meta.url)), ...args], {
    env: { ...process.env, POSTGRES_URL: database.url, CLICKHOUSE_URL: engine.url, KAFKA_BROKERS: '', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return { child, output: () => output, exit: once(child, 'exit') };
};

test('the process checks, serves metrics and stops when asked', async () => {
  const port = await freePort();
  const before = await latestReconciliation(clickhouse);
  const { child, exit, output } = runEntry('../main.ts', [], {
    RECONCILE_EVERY_SECONDS: '1',
    RECONCILER_METRICS_PORT: String(port),
  });
  await eventually(async () => {
    const { checked_at } = await latestReconciliation(clickhouse);
    expect(checked_at !== before.checked_at).toBe(true);
  }, 20_000);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/^reconciler_last_success_timestamp_seconds \d{10}/m);
  expect(metrics).toMatch(/^reconciler_compared_total\{scope="purchases",fact="purchase"\} [1-9]/m);
  // Before anything was found: of a counter that begins at 1 Prometheus sees no increase.
  expect(metrics).toContain('reconciler_findings_total{subject="purchase",kind="lost",healed="true"} 0');
  const asked = Date.now();
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(Date.now() - asked).toBeLessThan(10_000);
  expect(output()).not.toContain('cannot compare');
});

test('the process waits for stores that are away, and stops all the same', async () => {
  const [nobody, nobodyElse, port] = [await freePort(), await freePort(), await freePort()];
  const { child, exit, output } = runEntry('../main.ts', [], {
    RECONCILE_EVERY_SECONDS: '1',
    RECONCILER_METRICS_PORT: String(port),
    POSTGRES_URL: `postgres://nobody@127.0.0.1:${nobody}/nothing`,
    CLICKHOUSE_URL: `http://127.0.0.1:${nobodyElse}`,
  });
  // Again and again.
  await eventually(async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(Number(/^reconciler_failed_runs_total (\d+)/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(2);
  }, 25_000);
  expect(output()).toContain('cannot compare; trying again');
  expect(child.exitCode).toBeNull();
  const asked = Date.now();
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(Date.now() - asked).toBeLessThan(10_000);
});

test('a Postgres that falls silent stops the comparison for seconds, and /readyz says so', async () => {
  const at = new URL(database.url);
  const proxy = await startSilentProxy(Number(at.port));
  at.port = String(proxy.port);
  const port = await freePort();
  const { child, exit } = runEntry('../main.ts', [], {
    RECONCILE_EVERY_SECONDS: '1',
    RECONCILE_TIMEOUT_SECONDS: '2',
    RECONCILER_METRICS_PORT: String(port),
    POSTGRES_URL: at.href,
  });
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;
  try {
    await eventually(async () => expect(await ready()).toBe(200), 20_000);
    proxy.silence();
    await eventually(async () => expect(await ready()).toBe(503), 8_000);
    // The run ended, it does not hang: the next one connects anew.
    const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    await eventually(async () => expect(await metrics()).toMatch(/^reconciler_failed_runs_total [1-9]/m), 8_000);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    proxy.restore();
    await eventually(async () => expect(await ready()).toBe(200), 8_000);
  } finally {
    child.kill('SIGTERM');
    await exit;
    proxy.close();
  }
});

test.each([
  [
    ['--from', '2026-02-08', '--to', '2026-02-09'],
    0,
    'Sent again: 2 of 2 purchases; 0 were missing or other in ClickHouse.',
  ],
  [['--from', '2026-02-08', '--to', '2026-02-09', '--branch', 'SMKT002'], 0, 'Sent again: 0 of 0 purchases'],
  // 23:30 UTC on the 8th is the 9th in Berlin.
  [['--from', '2026-02-09', '--to', '2026-02-10'], 0, 'Sent again: 1 of 1 purchases'],
  [['--from', 'yesterday', '--to', '2026-03-01'], 1, '--from must be a date'],
  [['--from', '2026-03-02', '--to', '2026-03-01'], 1, '--from must lie before --to'],
  [['--from', '2026-03-02'], 1, 'Usage: npm run reemit'],
])('npm run reemit -- %s', async (args, code, text) => {
  const times = ['2026-02-08T10:05:00.000Z', '2026-02-07T23:30:00.000Z', '2026-02-08T23:30:00.000Z'];
  await startRelaying();
  for (const [n, sold_at] of times.entries()) {
    await recordPurchases(database.pool, [purchase({ sold_at, idempotency_key: `reemit ${n}` })]);
  }
  await eventuallyEmpty();
  const { exit, output } = runEntry('../reemit/main.ts', args, { SHOP_TIMEZONE: 'Europe/Berlin' });
  expect(await exit).toEqual([code, null]);
  expect(output()).toContain(text);
});

test.each([
  ['2026-02-08', '2026-02-07T23:00:00.000Z'],
  ['2026-02-08T11:00', '2026-02-08T10:00:00.000Z'],
  ['2026-02-08T11:00:00Z', '2026-02-08T11:00:00.000Z'],
  ['2026-02-08T12:00:00+00:00', '2026-02-08T12:00:00.000Z'],
])('--from %s in Berlin is %s', async (text, instant) => {
  expect(await readMoment(database.pool, '--from', text, 'Europe/Berlin')).toBe(Date.parse(instant));
});

test('a day that no calendar has is no date', async () => {
  const reading = readMoment(database.pool, '--from', '2026-02-30', 'Europe/Berlin');
  await expect(reading).rejects.toThrow('--from must be a date');
});
