import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { freePort } from '../../../tests/support/ports.ts';
import { untilEmpty } from '../../test/outbox.ts';
import { ensureTopic } from '../topic.ts';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let database: TestDatabase;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
});
afterAll(() => database.pool.end());
beforeEach(async () => {
  await database.pool.query('truncate outbox, dead_letters');
});

const put = (count: number) =>
  database.pool.query(`insert into outbox (key, payload) select 'k' || n, '{}' from generate_series(1, $1) as n`, [
    count,
  ]);
interface RelayProcess {
  child: ChildProcess;
  port: number;
  get: (path: string) => Promise<{ status: number; text: string }>;
  output: () => string;
}

const start = async (brokers: string): Promise<RelayProcess> => {
  const port = String(await freePort());
  const env = { ...process.env, POSTGRES_URL: database.url, KAFKA_BROKERS: brokers, RELAY_PORT: port };
  const child = spawn(process.execPath, ['--import', 'tsx', file('main.ts')], { env, stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  };
  await eventually(async () => expect((await get('/healthz')).status).toBe(200), 20_000);
  return { child, port: Number(port), get, output: () => output };
};
const stop = async ({ child }: RelayProcess): Promise<{ code: number | null; ms: number }> => {
  const exited = once(child, 'exit');
  const began = performance.now();
  child.kill('SIGTERM');
  const [code] = await exited;
  return { code, ms: performance.now() - began };
};
/** The status of a path as it is, which `fetch` would mend. */
const statusOf = async (port: number, path: string, host = 'localhost') => {
  const sent = http.request({ port, path, host: '127.0.0.1', headers: { Host: host }, agent: false }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
};
const sample = (text: string, name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);

describe.skipIf(inject('kafkaBrokers') === undefined)('the relay as a process', () => {
  test('tells what it does, and leaves on SIGTERM', async () => {
    await ensureTopic(inject('kafkaBrokers') ?? '');
    await database.pool.query("insert into dead_letters (key, payload, reason) values ('k', '{}', 'too large')");
    const relay = await start(inject('kafkaBrokers') ?? '');
    try {
      await put(10);
      await untilEmpty(database.pool);
      await eventually(async () => expect((await relay.get('/readyz')).status).toBe(200));
      const { text } = await relay.get('/metrics');
      expect(sample(text, 'relay_sent_total')).toBe(10);
      expect(sample(text, 'relay_wait_seconds_count')).toBe(10);
      expect(sample(text, 'relay_send_seconds_count')).toBeGreaterThan(0);
      expect(sample(text, 'outbox_waiting')).toBe(0);
      expect(sample(text, 'outbox_oldest_age_seconds')).toBe(0);
      expect(sample(text, 'dead_letters')).toBe(1);
      expect(sample(text, 'relay_dead_letters_total')).toBe(0);
      expect(sample(text, 'relay_retries_total')).toBe(0);
      expect((await relay.get('/else')).status).toBe(404);
      expect(await statusOf(relay.port, '//')).toBe(404);
      expect(await statusOf(relay.port, '/metrics', 'evil.example')).toBe(403);
      expect((await relay.get('/healthz')).status).toBe(200);
    } finally {
      expect((await stop(relay)).code).toBe(0);
    }
    for (const line of relay.output().trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ name: 'relay' });
  });

  test('without a broker it is alive but not ready, what waits is counted, and SIGTERM gives it back', async () => {
    await put(5_000);
    const relay = await start(`127.0.0.1:${await freePort()}`);
    let stopped: { code: number | null; ms: number };
    try {
      await eventually(async () => {
        const { text } = await relay.get('/metrics');
        expect(sample(text, 'relay_retries_total')).toBeGreaterThan(0);
        expect(sample(text, 'outbox_waiting')).toBe(5_000);
        expect(sample(text, 'outbox_oldest_age_seconds')).toBeGreaterThan(0);
        expect((await relay.get('/readyz')).status).toBe(503);
        expect((await relay.get('/healthz')).status).toBe(200);
      });
    } finally {
      stopped = await stop(relay);
    }
    expect(stopped.code).toBe(0);
    expect(stopped.ms).toBeLessThan(10_000);
    await eventually(async () => {
      const { rows } = await database.pool.query('select from outbox for update skip locked');
      expect(rows).toHaveLength(5_000);
    });
  });
});

test('a taken port is one line that names its setting', async () => {
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const env = { ...process.env, POSTGRES_URL: database.url, KAFKA_BROKERS: '127.0.0.1:9', RELAY_PORT: port };
  const child = spawn(process.execPath, ['--import', 'tsx', file('main.ts')], { env, stdio: 'pipe' });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'exit');
  server.close();
  expect(code).toBe(1);
  expect(said).toBe(`port ${port} is taken: set RELAY_PORT to another\n`);
});

test('npm run dead-letters lists them and puts them back', async () => {
  await database.pool.query(
    "insert into dead_letters (key, payload, reason) values ('a', '{}', 'too large'), ('b', '{}', 'too large')",
  );
  const run = (...args: string[]) =>
    execFileSync(process.execPath, ['--import', 'tsx', file('outbox/dead-letters-main.ts'), ...args], {
      env: { ...process.env, POSTGRES_URL: database.url },
      encoding: 'utf8',
    });
  const [first] = run('list').split('\n');
  expect(first).toMatch(/^\d+ {2}\S+ {2}a {2}2 bytes {2}too large$/);
  expect(run('retry', first?.split(' ')[0] ?? '')).toBe('1 put back into the outbox\n');
  expect(run('list')).toContain('1 in all');
  expect(run('retry')).toBe('1 put back into the outbox\n');
  const { rows } = await database.pool.query('select key, payload from outbox order by id');
  expect(rows).toEqual([
    { key: 'a', payload: '{}' },
    { key: 'b', payload: '{}' },
  ]);
});
