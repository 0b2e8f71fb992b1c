import { randomUUID } from 'node:crypto';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { problem, purchaseResponse } from '@tillstream/schemas/api';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { freePort } from '../../../tests/support/ports.ts';
import { checkedFetch, json, startApi, type TestApi } from '../../test/api.ts';
import { runEntry } from '../../test/process.ts';
import { createKey } from '../keys/api-keys.ts';
import { KeyRing } from './keys/key-ring.ts';

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
  api = await startApi(database.pool);
});
afterAll(async () => {
  api.close();
  await database.pool.end();
});

const request = checkedFetch(() => api);
const sale = { branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] };
const timesRecorded = async (keys: string[]): Promise<number[]> => {
  const { rows } = await database.pool.query(
    `select (select count(*)::int from purchases where idempotency_key = key) as n
     from unnest($1::text[]) with ordinality as asked (key, place) order by place`,
    [keys],
  );
  return rows.map(({ n }) => n);
};

test('fifty at once with one key, at two processes of which one is killed and started again: one purchase, one answer', async () => {
  const start = async (port: number) => {
    const process = runEntry('api/main.ts', [], { POSTGRES_URL: database.url, POS_API_PORT: String(port) });
    const url = `http://127.0.0.1:${port}`;
    await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 30_000);
    return { process, url };
  };
  const ports = [await freePort(), await freePort()] as const;
  const [first, second] = await Promise.all(ports.map(start));
  if (!first || !second) throw new Error('two were started');
  let again: Awaited<ReturnType<typeof start>> | undefined;
  try {
    const key = randomUUID();
    const init = json({ ...sale, customer_id: randomUUID() }, { 'Idempotency-Key': key });
    let retries = 0;
    /** As a till: until it is answered, with pauses that chance spreads. */
    const post = async (url: string): Promise<Response> => {
      for (;;) {
        const response = await fetch(`${url}/v1/purchases`, init).catch(() => undefined);
        if (response !== undefined && response.status < 500) return response;
        retries += 1;
        await delay(50 + Math.random() * 200);
      }
    };
    const posting = Array.from({ length: 50 }, (_, n) =>
      delay(Math.random() * 60).then(() => post(n % 2 ? first.url : second.url)),
    );
    await delay(20);
    first.process.child.kill('SIGKILL');
    await first.process.ended;
    again = await start(ports[0]);
    const answers = await Promise.all(posting);
    expect(retries).toBeGreaterThan(0);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(bodies).size).toBe(1);
    // The one that was not a replay may have died with its process.
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length).toBeLessThanOrEqual(1);
    const later = await post(again.url);
    expect([later.headers.get('idempotent-replayed'), await later.text()]).toEqual(['true', bodies[0]]);
    expect(await timesRecorded([key])).toEqual([1]);
  } finally {
    for (const one of [first, second, again]) one?.process.child.kill('SIGKILL');
  }
}, 60_000);

test('a connection that drops anywhere, before, in or behind the body: sent again it is recorded once', async () => {
  const body = JSON.stringify(sale);
  const keys = Array.from({ length: 80 }, () => randomUUID());
  await Promise.all(
    keys.map(async (key) => {
      const bytes = `POST /v1/purchases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: ${key}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      // A third sends all of it and does not wait for the answer.
      const cut = Math.min(bytes.length, Math.ceil(Math.random() * bytes.length * 1.5));
      const socket = net.connect(Number(new URL(api.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(bytes.slice(0, cut));
      await delay(Math.random() * 15);
      socket.resetAndDestroy();
    }),
  );
  const answers = await Promise.all(
    keys.map((key) => request('/v1/purchases', json(body, { 'Idempotency-Key': key }))),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(await timesRecorded(keys)).toEqual(keys.map(() => 1));
  expect(api.errors).toEqual([]);
});

test('two tills with API keys of their own may use the same idempotency key: both sales are recorded', async () => {
  const guarded = await startApi(database.pool, { keys: new KeyRing(database.pool) });
  try {
    const till = async (branch_id: string | null) => {
      const { key } = await createKey(database.pool, { name: 'till', branch_id, scopes: ['post'] });
      return (body: object) =>
        fetch(
          `${guarded.url}/v1/purchases`,
          json(body, { Authorization: `Bearer ${key}`, 'Idempotency-Key': 'till/0001' }),
        );
    };
    const [first, second, third] = [await till('SMKT001'), await till('SMKT001'), await till(null)];
    const ids: string[] = [];
    for (const post of [first, second, third, first, second, third]) {
      const response = await post(sale);
      expect(response.status).toBe(201);
      expect(response.headers.get('idempotent-replayed')).toBe(ids.length < 3 ? null : 'true');
      ids.push(purchaseResponse.parse(await response.json()).purchase_id);
    }
    expect(new Set(ids.slice(0, 3)).size).toBe(3);
    expect(ids.slice(3)).toEqual(ids.slice(0, 3));
    expect(await timesRecorded(['till/0001'])).toEqual([3]);
    const other = await first({ ...sale, items: [{ product_id: 'eggs', quantity: 1 }] });
    expect(problem.parse(await other.json()).type).toBe('urn:tillstream:problem:key-reused');
    // The same JSON, but not of this key's branch.
    expect((await (await till('SMKT002'))(sale)).status).toBe(403);
  } finally {
    guarded.close();
  }
});

test('without API keys an idempotency key is unique in its branch', async () => {
  const key = { 'Idempotency-Key': randomUUID() };
  const post = (branch_id: string) => request('/v1/purchases', json({ ...sale, branch_id }, key));
  const answers = [await post('SMKT001'), await post('SMKT002'), await post('SMKT001')];
  expect(answers.map(({ status, headers }) => [status, headers.get('idempotent-replayed')])).toEqual([
    [201, null],
    [201, null],
    [201, 'true'],
  ]);
});

test('a clock that is an hour behind is a late sale, one that is an hour ahead is refused; corrected, the key is still good', async () => {
  const off = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  const behind = off(-60);
  const late = await request('/v1/purchases', json({ ...sale, sold_at: behind }));
  expect(late.status).toBe(201);
  expect(purchaseResponse.parse(await late.json()).sold_at).toBe(behind);

  const key = { 'Idempotency-Key': randomUUID() };
  const ahead = await request('/v1/purchases', json({ ...sale, sold_at: off(60) }, key));
  expect(ahead.status).toBe(422);
  expect(problem.parse(await ahead.json()).errors?.map(({ pointer }) => pointer)).toEqual(['#/sold_at']);
  const corrected = await request('/v1/purchases', json(sale, key));
  expect([corrected.status, corrected.headers.get('idempotent-replayed')]).toEqual([201, null]);
});
