import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureDatabase, preparePostgres } from '@tillstream/embedded/postgres';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { freePort } from '../../../tests/support/ports.ts';
import { json, startApi } from '../../test/api.ts';
import { type Run, run, runEntry } from '../../test/process.ts';
import { startSilentProxy } from '../../test/silent-proxy.ts';
import { CommitQueue } from '../commit/queue.ts';
import { connectPostgres } from '../postgres/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
});
afterAll(() => database.pool.end());

const sale = { branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] };

/** The API as a process of its own, once it answers. */
const startProcess = async (postgresUrl: string, env: Record<string, string> = {}) => {
  const port = String(await freePort());
  const api = runEntry('api/main.ts', [], { POSTGRES_URL: postgresUrl, POS_API_PORT: port, ...env });
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 30_000);
  return { ...api, url };
};
const end = async (process: Run | undefined, signal: NodeJS.Signals = 'SIGTERM') => {
  process?.child.kill(signal);
  return process?.ended;
};
const stateOf = async (url: string) => {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.json()];
};
const timesRecorded = async (pool: TestDatabase['pool'], key: string) => {
  const { rows } = await pool.query('select count(*)::int as n from purchases where idempotency_key = $1', [key]);
  return rows[0]?.n;
};

test('Postgres killed: 503 with Retry-After, alive but not ready; Postgres back: the same request is recorded once', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-lifecycle-'));
  const port = await freePort();
  const url = `postgres://tillstream:local-only@127.0.0.1:${port}/tillstream`;
  const command = await preparePostgres(path.join(folder, 'postgres'), port, 'local-only');
  let postgres = run(command);
  let api: Awaited<ReturnType<typeof startProcess>> | undefined;
  let own: TestDatabase | undefined;
  try {
    await eventually(() => ensureDatabase(url), 30_000);
    own = await makeDatabase(url);
    api = await startProcess(own.url);
    const at = api.url;
    const key = randomUUID();
    const post = () => fetch(`${at}/v1/purchases`, json(sale, { 'Idempotency-Key': key }));

    await end(postgres, 'SIGKILL');
    const refused = await post();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(refused.headers.get('content-type')).toMatch('application/problem+json');
    expect((await fetch(`${at}/healthz`)).status).toBe(200);
    expect(await stateOf(at)).toEqual([503, { status: 'no database' }]);
    expect((await fetch(`${at}/v1/products`)).status).toBe(503);

    postgres = run(command);
    await eventually(async () => expect((await post()).status).toBe(201), 30_000);
    expect(await stateOf(at)).toEqual([200, { status: 'ready' }]);
    expect((await post()).headers.get('idempotent-replayed')).toBe('true');
    expect(await timesRecorded(own.pool, key)).toBe(1);
  } finally {
    await end(api);
    await own?.pool.end();
    await end(postgres, 'SIGINT');
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

test('Postgres silent: tills are told all the same, and the same request is recorded once when it speaks again', async () => {
  const at = new URL(database.url);
  const proxy = await startSilentProxy(Number(at.port));
  at.port = String(proxy.port);
  const api = await startProcess(at.href);
  try {
    const keys = Array.from({ length: 5 }, () => randomUUID());
    const post = (key: string) => fetch(`${api.url}/v1/purchases`, json(sale, { 'Idempotency-Key': key }));
    expect((await post(randomUUID())).status).toBe(201);
    proxy.silence();
    expect((await Promise.all(keys.map(post))).map(({ status }) => status)).toEqual(keys.map(() => 503));
    expect(await stateOf(api.url)).toEqual([503, { status: 'no database' }]);
    expect((await fetch(`${api.url}/v1/products`)).status).toBe(503);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    proxy.restore();
    for (const key of keys) {
      await eventually(async () => expect((await post(key)).status).toBe(201), 30_000);
      expect(await timesRecorded(database.pool, key)).toBe(1);
    }
  } finally {
    await end(api);
    proxy.close();
  }
}, 120_000);

test.each([
  ['a name that nobody knows', 'postgres://nobody@postgres.invalid/none'],
  ['a port where nobody listens', 'postgres://nobody@localhost:1/none'],
  ['a network without a route', 'postgres://nobody@240.0.0.1/none'],
  ['a password that is wrong', 'wrong password'],
  ['a database that is not there', 'no database'],
  ['a database that is empty', 'empty'],
])('Postgres at %s: 503 with Retry-After, and not ready', async (_what, where) => {
  const url = new URL(where.startsWith('postgres:') ? where : database.url);
  if (where === 'wrong password') url.username = 'nobody';
  if (where === 'no database') url.pathname = '/nowhere';
  if (where === 'empty') url.pathname = '/postgres';
  const pool = connectPostgres(url.href, 'test', 2, { connectMs: 800 });
  const api = await startApi(pool);
  try {
    const refused = await fetch(`${api.url}/v1/purchases`, json(sale));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await fetch(`${api.url}/v1/products`)).status).toBe(503);
    expect(await stateOf(api.url)).toEqual([503, { status: 'no database' }]);
  } finally {
    api.close();
    await pool.end();
  }
});

test('a Postgres that was demoted to read only: 503 and not ready; ready again when it takes purchases', async () => {
  const own = await makeDatabase(inject('postgresUrl'));
  const name = new URL(own.url).pathname.slice(1);
  const readOnly = async (on: boolean) => {
    await own.pool.query(`alter database ${name} set default_transaction_read_only = ${on ? 'on' : 'off'}`);
    // As when the server is started again as a replica.
    await database.pool.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = $2',
      [name, 'tills'],
    );
  };
  const pool = connectPostgres(own.url, 'tills', 4);
  const api = await startApi(pool);
  try {
    const post = () => fetch(`${api.url}/v1/purchases`, json(sale));
    const { headers } = await post();
    await readOnly(true);
    // An idle connection may not have noticed yet that it was ended.
    await eventually(async () => expect((await stateOf(api.url))[1]).toEqual({ status: 'read-only database' }));
    const refused = await post();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    const voided = await fetch(`${api.url}${headers.get('location')}/void`, { method: 'POST' });
    expect([voided.status, voided.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await stateOf(api.url)).toEqual([503, { status: 'read-only database' }]);
    // Whoever reads is still answered.
    expect((await fetch(`${api.url}/v1/products`)).status).toBe(200);
    await own.pool.query(
      `set default_transaction_read_only = off; alter database ${name} reset default_transaction_read_only`,
    );
    await eventually(async () => expect(await stateOf(api.url)).toEqual([200, { status: 'ready' }]), 5_000);
    expect((await post()).status).toBe(201);
  } finally {
    api.close();
    await pool.end();
    await own.pool.end();
  }
});

test('a full queue is 503 at once, and not ready', async () => {
  const stuck = new CommitQueue(() => new Promise(() => undefined), {
    batch: 1,
    eager: 1,
    inFlight: 1,
    waiting: 2,
    patienceMs: 3_000,
  });
  const api = await startApi(database.pool, { queue: stuck });
  try {
    const post = () => fetch(`${api.url}/v1/purchases`, json(sale));
    const waiting = Promise.all([post(), post(), post()]);
    await eventually(async () => expect(stuck.isFull).toBe(true));
    const refused = await post();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ type: 'urn:tillstream:problem:overloaded' });
    expect(await stateOf(api.url)).toEqual([503, { status: 'overloaded' }]);
    expect((await waiting).map(({ status }) => status)).toEqual([503, 503, 503]);
  } finally {
    api.close();
  }
});

test('a purchase that is committed wakes who listens for the outbox; a replay and a refusal do not', async () => {
  const api = await startProcess(database.url);
  const listener = new pg.Client({ connectionString: database.url });
  let heard = 0;
  listener.on('notification', () => heard++);
  try {
    await listener.connect();
    await listener.query('listen outbox');
    const key = randomUUID();
    const post = (body: object) => fetch(`${api.url}/v1/purchases`, json(body, { 'Idempotency-Key': key }));
    expect((await post({ ...sale, branch_id: 'none' })).status).toBe(422);
    expect((await post(sale)).status).toBe(201);
    await eventually(async () => expect(heard).toBe(1));
    expect((await post(sale)).headers.get('idempotent-replayed')).toBe('true');
    // Notifications are heard in the order of their commits.
    await database.pool.query("select pg_notify('outbox', '')");
    await eventually(async () => expect(heard).toBe(2));
  } finally {
    await listener.end();
    await end(api);
  }
}, 60_000);

test('SIGTERM: what is in flight is answered, nothing new is taken, and it exits', async () => {
  const customer_id = randomUUID();
  const api = await startProcess(database.url);
  const post = () => fetch(`${api.url}/v1/purchases`, json({ ...sale, customer_id }));
  expect((await post()).status).toBe(201);
  const lock = await database.pool.connect();
  await lock.query('begin');
  await lock.query('select from customers where customer_id = $1 for update', [customer_id]);
  const inFlight = post();
  await eventually(async () => {
    const { rows } = await database.pool.query(
      "select from pg_stat_activity where application_name = 'pos-api' and wait_event_type = 'Lock' and datname = current_database()",
    );
    expect(rows).toHaveLength(1);
  });
  api.child.kill('SIGTERM');
  await eventually(() => expect(fetch(`${api.url}/healthz`)).rejects.toThrow());
  await lock.query('rollback');
  lock.release();
  expect((await inFlight).status).toBe(201);
  expect(await api.ended).toBe(0);
  expect(api.output()).toContain('"msg":"stopping"');
}, 60_000);

test('while it stops, a connection that is still open is sent elsewhere', async () => {
  const api = await startApi(database.pool, { isStopping: () => true });
  try {
    const response = await fetch(`${api.url}/v1/purchases`, json(sale));
    expect([response.status, response.headers.get('connection'), response.headers.get('retry-after')]).toEqual([
      503,
      'close',
      '1',
    ]);
    expect(await stateOf(api.url)).toEqual([503, { status: 'stopping' }]);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
  } finally {
    api.close();
  }
});

test('without keys it listens on loopback only, and says so', async () => {
  const open = runEntry('api/main.ts', [], {
    POSTGRES_URL: database.url,
    POS_API_HOST: '0.0.0.0',
    POS_API_AUTH: 'off',
    POS_API_PORT: String(await freePort()),
  });
  expect(await open.ended).toBe(1);
  expect(open.output().trim()).toMatch(/^Bad setting: POS_API_AUTH="off": [^\n]+$/);
});

test('keys are made, listed and revoked by command, and the log and the metrics name no person', async () => {
  const keys = async (...args: string[]) => {
    const command = runEntry('keys/keys-main.ts', args, { POSTGRES_URL: database.url });
    return { code: await command.ended, output: command.output() };
  };
  const created = await keys(
    'create',
    '--name',
    'till 7',
    '--branch',
    'SMKT001',
    '--scopes',
    'post',
    '--expires',
    '90d',
  );
  const key = /^ts_\w+-?[\w-]+/.exec(created.output)?.[0] ?? '';
  const id = key.split('_')[1] ?? '';
  expect(created.code).toBe(0);
  const [list, history, past, nowhere, unknown, which] = await Promise.all([
    keys('list'),
    keys('history'),
    keys('create', '--name', 'x', '--expires', '2020-01-31'),
    keys('create', '--name', 'x', '--branch', 'NOWHERE'),
    keys('create', '--name', 'x', '--scopes', 'all'),
    // Which of them was meant is not guessed.
    keys('revoke', id, 'other'),
  ]);
  expect(list.output).toContain('till 7');
  expect(history.output).toMatch(/created.*till 7.*keys \(/);
  expect(past).toEqual({ code: 1, output: '--expires 2020-01-31: that is over already\n' });
  expect(nowhere).toEqual({ code: 1, output: 'there is no such branch\n' });
  expect([unknown.code, which.code]).toEqual([1, 1]);

  const api = await startProcess(database.url, { POS_API_AUTH: 'on' });
  const customer_id = randomUUID();
  let place = '';
  try {
    const headers = { Authorization: `Bearer ${key}`, 'X-Request-Id': 'follow-me' };
    const recorded = await fetch(`${api.url}/v1/purchases`, json({ ...sale, customer_id }, headers));
    expect(recorded.status).toBe(201);
    place = recorded.headers.get('location') ?? '';
    expect((await fetch(`${api.url}${place}/void`, { method: 'POST', headers })).status).toBe(200);
    expect((await fetch(`${api.url}/v1/customers/${customer_id}`)).status).toBe(401);
    expect((await keys('revoke', id)).code).toBe(0);
    await eventually(async () => {
      expect((await fetch(`${api.url}/v1/purchases`, json(sale, headers))).status).toBe(401);
    });
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    expect(metrics).toMatch(
      /http_request_duration_seconds_count\{method="POST",route="\/v1\/purchases",status="201"\} [1-9]/,
    );
    expect(metrics).toMatch(/purchases_total\{outcome="recorded"\} [1-9]/);
    for (const name of ['group_commit_size', 'purchase_queue', 'postgres_connections']) expect(metrics).toContain(name);
    expect(metrics).not.toContain(customer_id);
  } finally {
    await end(api);
  }
  const logged = `"requestId":"follow-me","key":"${id}","purchase":"${place.split('/').at(-1)}","method":"POST"`;
  expect(api.output()).toContain(`${logged},"route":"/v1/purchases","status":201`);
  expect(api.output()).toContain(`${logged},"route":"/v1/purchases/:purchase_id/void","status":200`);
  expect(api.output()).not.toContain(customer_id);
  expect(api.output()).not.toContain(key);
}, 90_000);
