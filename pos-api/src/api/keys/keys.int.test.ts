import { randomUUID } from 'node:crypto';
import { problem, purchaseResponse, type Scope } from '@tillstream/schemas/api';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../../tests/support/database.ts';
import { eventually } from '../../../../tests/support/eventually.ts';
import { checkedFetch, json, startApi, type TestApi } from '../../../test/api.ts';
import { createKey, keyHistory, listKeys, revokeKey } from '../../keys/api-keys.ts';
import { connectPostgres } from '../../postgres/database.ts';
import { KeyRing } from './key-ring.ts';

let database: TestDatabase;
let ring: KeyRing;
let api: TestApi;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
  ring = new KeyRing(database.pool);
  ring.start();
  api = await startApi(database.pool, { keys: ring });
});
afterAll(async () => {
  api.close();
  await ring.stop();
  await database.pool.end();
});

const request = checkedFetch(() => api);
const make = (scopes: Scope[], branch_id: string | null = null) =>
  createKey(database.pool, { name: 'till', branch_id, scopes });
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
const sale = (branch_id = 'SMKT001') => ({ branch_id, items: [{ product_id: 'milk', quantity: 1 }] });

test('without a key, or with one that is none, it is 401 and says how', async () => {
  const { key } = await make(['post', 'read']);
  const last = key.endsWith('A') ? 'B' : 'A';
  const wrong = [
    {},
    bearer('nonsense'),
    bearer(`${key.slice(0, -1)}${last}`),
    bearer(`ts_${'0'.repeat(12)}${key.slice(15)}`),
  ];
  for (const headers of [...wrong, { Authorization: `Basic ${key}` }]) {
    const response = await request('/v1/purchases', json(sale(), headers));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="tillstream"');
  }
  expect((await request('/v1/products')).status).toBe(401);
  expect((await request('/healthz')).status).toBe(200);
  expect((await request('/readyz')).status).toBe(200);
});

test('a key does what its scopes say and no more', async () => {
  const post = bearer((await make(['post'])).key);
  const read = bearer((await make(['read'])).key);
  const admin = bearer((await make(['admin'])).key);
  const product = { name: 'Rice', unit_price_minor: 120 };
  const status = async (headers: Record<string, string>) => [
    (await request('/v1/purchases', json(sale(), headers))).status,
    (await request('/v1/products', { headers })).status,
    (await request('/v1/products', json(product, headers))).status,
  ];
  expect(await status(post)).toEqual([201, 403, 403]);
  expect(await status(read)).toEqual([403, 200, 403]);
  expect(await status(admin)).toEqual([403, 403, 201]);
});

test('a key of a branch records, shows and voids for that branch alone', async () => {
  const first = bearer((await make(['post', 'read'], 'SMKT001')).key);
  const second = bearer((await make(['post', 'read'], 'SMKT002')).key);
  const recorded = await request('/v1/purchases', json(sale(), first));
  const { purchase_id } = purchaseResponse.parse(await recorded.json());
  const other = await request('/v1/purchases', json(sale(), second));
  expect(other.status).toBe(403);
  expect(problem.parse(await other.json()).detail).toBe('this key is for the branch SMKT002');
  const place = `/v1/purchases/${purchase_id}`;
  expect((await request(place, { headers: second })).status).toBe(403);
  expect((await request(`${place}/void`, { method: 'POST', headers: second })).status).toBe(403);
  expect((await request(place, { headers: first })).status).toBe(200);
  expect(await (await request(place, { headers: first })).json()).toMatchObject({ status: 'recorded' });
  expect((await request(`${place}/void`, { method: 'POST', headers: first })).status).toBe(200);
  expect((await request(`/v1/purchases/${randomUUID()}/void`, { method: 'POST', headers: first })).status).toBe(404);
  await expect(make(['admin'], 'SMKT001')).rejects.toThrow();
});

test('a till takes back goods that another branch sold, in its own branch alone', async () => {
  const first = bearer((await make(['post'], 'SMKT001')).key);
  const { key, key_id } = await make(['post'], 'SMKT002');
  const { purchase_id } = purchaseResponse.parse(await (await request('/v1/purchases', json(sale(), first))).json());
  const back = (branch_id?: string, headers = bearer(key)) =>
    request(`/v1/purchases/${purchase_id}/returns`, json({ items: sale().items, branch_id }, headers));
  expect((await back('SMKT001')).status).toBe(403);
  expect((await back('SMKT001', bearer((await make(['read'])).key))).status).toBe(403);
  expect(await (await back()).json()).toMatchObject({ branch_id: 'SMKT002', total_minor: 150 });
  const { rows } = await database.pool.query('select credential, returned_by from returns where purchase_id = $1', [
    purchase_id,
  ]);
  expect(rows).toEqual([{ credential: key_id, returned_by: key_id }]);
});

test('a till takes back its own purchases of the last day; others need the scope void', async () => {
  const [till, other, office] = [
    await make(['post'], 'SMKT001'),
    await make(['post'], 'SMKT001'),
    await make(['void']),
  ];
  const [office2, reader] = [await make(['void'], 'SMKT002'), await make(['read'])];
  const sell = async () =>
    purchaseResponse.parse(await (await request('/v1/purchases', json(sale(), bearer(till.key)))).json()).purchase_id;
  const status = async (id: string, { key }: { key: string }) =>
    (await request(`/v1/purchases/${id}/void`, { method: 'POST', headers: bearer(key) })).status;
  const [fresh, old] = [await sell(), await sell()];
  await database.pool.query(
    "update purchases set recorded_at = recorded_at - interval '24 hours' where purchase_id = $1",
    [old],
  );
  expect([await status(fresh, other), await status(fresh, reader), await status(fresh, office2)]).toEqual([
    403, 403, 403,
  ]);
  expect([await status(fresh, till), await status(old, till), await status(old, office)]).toEqual([200, 403, 200]);
  const { rows } = await database.pool.query(
    'select purchase_id, voided_by from purchases where purchase_id = any($1) order by purchase_id',
    [[fresh, old]],
  );
  expect(rows).toEqual([
    { purchase_id: fresh, voided_by: till.key_id },
    { purchase_id: old, voided_by: office.key_id },
  ]);
});

test('a key is replaced without a moment in which none works, and the old one is refused within seconds', async () => {
  const old = await make(['read']);
  const next = await make(['read']);
  const status = async (key: string) => (await request('/v1/products', { headers: bearer(key) })).status;
  expect([await status(old.key), await status(next.key)]).toEqual([200, 200]);
  expect(await revokeKey(database.pool, old.key_id)).toBe(true);
  expect(await revokeKey(database.pool, old.key_id)).toBe(false);
  await eventually(async () => expect(await status(old.key)).toBe(401), 4_000);
  expect(await status(next.key)).toBe(200);
});

test('a key is stored as a hash, and its last use is noted', async () => {
  const { key, key_id } = await make(['read']);
  await request('/v1/products', { headers: bearer(key) });
  const stored = await database.pool.query('select k::text as text from api_keys k where key_id = $1', [key_id]);
  expect(stored.rows[0]?.text).not.toContain(key.slice(16));
  await ring.stop();
  ring.start();
  const listed = (await listKeys(database.pool)).find((one) => one.key_id === key_id);
  expect(listed?.last_used_at?.getTime()).toBeGreaterThan(Date.now() - 60_000);
});

test("a key of a branch reads a customer's totals of that branch alone", async () => {
  const chain = bearer((await make(['post', 'read'])).key);
  const first = bearer((await make(['read'], 'SMKT001')).key);
  const second = bearer((await make(['read'], 'SMKT002')).key);
  const customer_id = randomUUID();
  for (const branch of ['SMKT001', 'SMKT001', 'SMKT001', 'SMKT002']) {
    await request('/v1/purchases', json({ ...sale(branch), customer_id }, chain));
  }
  const ask = async (headers: Record<string, string>) =>
    (await request(`/v1/customers/${customer_id}`, { headers })).json();
  expect(await ask(chain)).toMatchObject({ customer_id, purchases: 4, spent_minor: 600, loyal: true });
  expect(await ask(first)).toMatchObject({ customer_id, purchases: 3, spent_minor: 450, loyal: true });
  expect(await ask(second)).toMatchObject({
    customer_id,
    purchases: 1,
    spent_minor: 150,
    loyal: false,
    loyal_since: null,
  });
  const elsewhere = randomUUID();
  await request('/v1/purchases', json({ ...sale('SMKT001'), customer_id: elsewhere }, chain));
  expect((await request(`/v1/customers/${elsewhere}`, { headers: second })).status).toBe(404);
});

test('a key that expires is refused from then on, also while Postgres is away', async () => {
  const expires_at = new Date(Date.now() + 4_000);
  const { key } = await createKey(database.pool, { name: 'till', branch_id: null, scopes: ['read'], expires_at });
  const pool = connectPostgres(database.url, 'test', 1, { connectMs: 10_000, queryMs: 10_000 });
  const lonely = new KeyRing(pool);
  expect(await lonely.find(key)).toMatchObject({ scopes: ['read'] });
  await pool.end();
  expect((await request('/v1/products', { headers: bearer(key) })).status).toBe(200);
  await eventually(async () => {
    expect((await request('/v1/products', { headers: bearer(key) })).status).toBe(401);
  });
  expect(Date.now()).toBeGreaterThanOrEqual(expires_at.getTime());
  expect(await lonely.find(key)).toBeUndefined();
});

test('who made and ended which key stays written down', async () => {
  const { key_id } = await make(['post', 'read'], 'SMKT001');
  await revokeKey(database.pool, key_id);
  const expires_at = new Date(Date.now() + 50);
  const short = await createKey(database.pool, { name: 'short', branch_id: null, scopes: ['read'], expires_at });
  await eventually(async () => {
    const events = (await keyHistory(database.pool)).filter((each) => [key_id, short.key_id].includes(each.key_id));
    expect(events.map((each) => [each.key_id, each.event])).toEqual([
      [key_id, 'created'],
      [key_id, 'revoked'],
      [short.key_id, 'created'],
      [short.key_id, 'expired'],
    ]);
    expect(events[0]).toMatchObject({ branch_id: 'SMKT001', scopes: ['post', 'read'], application: 'test' });
    expect(events[0]?.role).not.toBe('');
  });
  for (const change of ['update audit_log set role = null', 'delete from audit_log', 'delete from api_keys']) {
    await expect(database.pool.query(change)).rejects.toThrow(/is only added to/);
  }
});

test('a known key needs no Postgres; of an unknown one it is 503, not 401, while Postgres is away', async () => {
  const { key } = await make(['post']);
  const pool = connectPostgres(database.url, 'test', 1, { connectMs: 10_000, queryMs: 10_000 });
  const own = new KeyRing(pool);
  expect(await own.find(key)).toMatchObject({ scopes: ['post'] });
  await pool.end();
  expect(await own.find(key)).toMatchObject({ scopes: ['post'] });
  const nowhere = connectPostgres('postgres://nobody@127.0.0.1:1/none', 'test', 1);
  const lonely = await startApi(nowhere, { keys: new KeyRing(nowhere) });
  try {
    const response = await fetch(`${lonely.url}/v1/products`, { headers: bearer(key) });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  } finally {
    lonely.close();
    await nowhere.end();
  }
});

test('each key, and each address without one, has a limit of its own, and is told of it', async () => {
  const limited = await startApi(database.pool, { keys: ring, ratePerSecond: 1 });
  const get = checkedFetch(() => limited);
  try {
    const [one, other] = [bearer((await make(['read'])).key), bearer((await make(['read'])).key)];
    const first = await get('/v1/products', { headers: one });
    expect(first.headers.get('ratelimit-policy')).toMatch(/q=10; w=10/);
    expect(first.headers.get('ratelimit')).toMatch(/r=9; t=\d+/);
    for (let n = 0; n < 9; n++) await get('/v1/products', { headers: one });
    const over = await get('/v1/products', { headers: one });
    expect(over.status).toBe(429);
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await get('/v1/products', { headers: other })).status).toBe(200);
    const strangers = await Promise.all(Array.from({ length: 12 }, () => get('/v1/products')));
    expect(strangers.map(({ status }) => status).filter((status) => status === 429)).toHaveLength(2);
  } finally {
    limited.close();
  }
});

test('behind a proxy that is trusted the limit is of the address that it tells; otherwise nobody is believed', async () => {
  const statuses = async (trustedProxies: number) => {
    const limited = await startApi(database.pool, { keys: ring, ratePerSecond: 1, trustedProxies });
    try {
      const from = (address: string) =>
        fetch(`${limited.url}/v1/products`, { headers: { 'X-Forwarded-For': `1.1.1.1, ${address}` } });
      for (let n = 0; n < 10; n++) await from('203.0.113.7');
      return [(await from('203.0.113.7')).status, (await from('203.0.113.8')).status];
    } finally {
      limited.close();
    }
  };
  expect(await statuses(1)).toEqual([429, 401]);
  expect(await statuses(0)).toEqual([429, 429]);
});
