import { randomBytes } from 'node:crypto';
import { addProduct, setPrice, upsertProducts } from '@tillstream/pos-api/catalog';
import { revokeKey, validKeys } from '@tillstream/pos-api/keys/api-keys';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { recordPurchases } from '@tillstream/pos-api/record-purchases';
import { readBacklog } from '@tillstream/pos-api/relay/outbox/backlog';
import { setAside } from '@tillstream/pos-api/relay/outbox/dead-letters';
import { returnOfFile } from '@tillstream/pos-api/return-of-file';
import { returnPurchase } from '@tillstream/pos-api/return-purchase';
import { addUser, endUser, setOwnerPassword, setSecrets } from '@tillstream/pos-api/users/users';
import type pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { postgresSessions } from '../dashboard/src/lib/server/login/session-store.ts';
import { createSignIns } from '../dashboard/src/lib/server/till/sign-ins.ts';
import { makeDatabase, purchase, type TestDatabase } from '../tests/support/database.ts';
import { applyRoles } from './src/postgres-roles.ts';
import { letTillIn } from './src/till-key.ts';

const ROLES = ['pos_api', 'relay', 'reconciler', 'dashboard', 'loader'];
const CUSTOMER = '00000000-0000-4000-8000-000000000001';
let database: TestDatabase;
const pools: pg.Pool[] = [];

/** A pool of the role, by the password that it was given. */
const as = (role: string, password = `of-${role}`): pg.Pool => {
  const url = new URL(database.url);
  url.username = role;
  url.password = password;
  const pool = connectPostgres(url.href, 'test', 1);
  pools.push(pool);
  return pool;
};

beforeAll(async () => {
  // As in the containers: who migrates and makes the roles owns the database and is no superuser.
  const server = connectPostgres(inject('postgresUrl'), 'test', 1);
  const owner = new URL(inject('postgresUrl'));
  owner.username = `owner_${randomBytes(4).toString('hex')}`;
  owner.password = 'of-the-owner';
  await server.query(`create role ${owner.username} login createrole createdb password '${owner.password}'`);
  await server.end();
  database = await makeDatabase(owner.href);
  await applyRoles(database.url, new Map(ROLES.map((role) => [role, `of-${role}`])));
});
afterAll(async () => {
  for (const pool of pools) await pool.end();
  await database.pool.end();
});

test('the API records, replays, voids, returns and reads, and may not touch the books otherwise', async () => {
  const api = as('pos_api');
  const sale = purchase({ customer_id: CUSTOMER });
  const [first] = await recordPurchases(api, [sale]);
  expect(first?.outcome).toBe('recorded');
  expect((await recordPurchases(api, [sale]))[0]?.outcome).toBe('replayed');
  expect((await recordPurchases(api, [purchase({ items: ['caviar'] })]))[0]?.outcome).toBe('refused');
  const { rows } = await api.query('select status from void_purchase((select purchase_id from purchases limit 1))');
  expect(rows).toEqual([{ status: 'voided' }]);
  const sold = (await recordPurchases(api, [purchase()]))[0];
  const back = {
    ...{ idempotency_key: 'back', credential: null, fingerprint: 'ab', branch_id: null, cashier: null, reason: null },
    ...{ items: ['milk'], quantities: ['1'], request_id: null, who: null },
  };
  expect(await returnPurchase(api, sold && 'purchase_id' in sold ? sold.purchase_id : '', back)).toMatchObject({
    outcome: 'recorded',
  });
  for (const forged of [
    'update purchases set total_minor = 0',
    'update returns set total_minor = 0',
    'delete from return_items',
    'update purchases set customer_id = null',
    'update purchases set sold_at = now()',
    "update purchases set idempotency_key = 'mine'",
    'update purchase_items set unit_price_minor = 0',
    'update customers set number = 1',
    'update product_prices set valid_from = now()',
    'delete from purchases',
    'select from users',
    'select from sessions',
    'select from till_sign_ins',
    'select from audit_log',
    "select audit('login', 'owner', null, null)",
  ]) {
    await expect(api.query(forged), forged).rejects.toThrow(/permission denied|can only be updated to DEFAULT/);
  }
  await expect(api.query('delete from product_prices')).rejects.toThrow(/permission denied/);
  await expect(api.query('delete from outbox')).rejects.toThrow(/permission denied/);
  await expect(api.query('create table mine (a int)')).rejects.toThrow(/permission denied/);
});

test('the API keeps the catalog and knows the keys, and makes none', async () => {
  const api = as('pos_api');
  expect(
    await addProduct(api, { product_id: 'soap', name: 'Soap', unit_price_minor: 199 }, { request_id: 'test' }),
  ).toBe(true);
  expect(await setPrice(api, 'soap', 249, null, { request_id: 'test' })).toBe(true);
  await api.query('select key_id, secret_hash from api_keys');
  await api.query('update api_keys set last_used_at = now()');
  await expect(api.query("update api_keys set scopes = '{admin}'")).rejects.toThrow(/permission denied/);
  await expect(api.query("insert into api_keys (key_id) values ('mine')")).rejects.toThrow(/permission denied/);
});

test('the loader records sales and the returns of files, and takes nothing away', async () => {
  const loader = as('loader');
  const number = { receipt_number: 'of-a-file', credential: 'loader' };
  await recordPurchases(loader, [purchase({ ...number, customer_id: CUSTOMER })]);
  const back = {
    ...number,
    idempotency_key: 'back',
    fingerprint: 'ab',
    branch_id: 'SMKT001',
    original: null,
    customer_id: null,
  };
  const when = { returned_at: new Date().toISOString(), cashier: null, who: 'loader' };
  const given = { ...back, ...when, items: ['milk'], quantities: ['1'], expected_total_minor: 150 };
  expect(await returnOfFile(loader, given)).toEqual({ outcome: 'recorded', total_minor: 150 });
  await expect(loader.query('delete from returns')).rejects.toThrow(/permission denied/);
});

test('the relay takes from the outbox, sets aside and sees nothing else', async () => {
  const relay = as('relay');
  await relay.query('listen outbox');
  const { rowCount } = await relay.query(
    'delete from outbox where id = any(array(select id from outbox order by id limit 10 for update skip locked))',
  );
  expect(rowCount).toBeGreaterThan(0);
  await setAside(relay, [{ event: { id: '1', key: 'k', payload: '{}' }, reason: 'too large' }]);
  await readBacklog(relay);
  await expect(relay.query('select from purchases')).rejects.toThrow(/permission denied/);
  await expect(relay.query("insert into outbox (key, payload) values ('a', 'b')")).rejects.toThrow(/permission denied/);
});

test('the reconciler reads the books and sends again, and changes no figure', async () => {
  const reconciler = as('reconciler');
  const { rows } = await reconciler.query(
    'select reemit_purchases(array(select purchase_id from purchases), array(select 7 from purchases)) as sent',
  );
  expect(rows[0].sent).toBeGreaterThan(0);
  await reconciler.query('select * from reemit_customers($1::uuid[], $2::text[], $3::bigint[])', [
    [CUSTOMER],
    [null],
    [5],
  ]);
  await reconciler.query(
    `select reemit_products(array['milk'], array[5]), reemit_branches(array['SMKT001'], array[5])`,
  );
  await reconciler.query('update reconciliation_runs set run = run + 1');
  await expect(reconciler.query(`update products set name = 'Other'`)).rejects.toThrow(/permission denied/);
  await reconciler.query('select key from dead_letters');
  await reconciler.query('select customer_id from forgetting');
  await expect(reconciler.query('select new_id from forgetting')).rejects.toThrow(/permission denied/);
  await expect(reconciler.query('select payload from dead_letters')).rejects.toThrow(/permission denied/);
  await expect(reconciler.query('update purchases set total_minor = 0')).rejects.toThrow(/permission denied/);
  await expect(reconciler.query('delete from outbox')).rejects.toThrow(/permission denied/);
});

test('the dashboard counts what waits, knows who may come in and sees nothing else', async () => {
  const dashboard = as('dashboard');
  await dashboard.query('select name, password_hash, pin_hash from users');
  await dashboard.query('select key_id, secret_hash, scopes from api_keys');
  await expect(dashboard.query("update api_keys set scopes = '{admin}'")).rejects.toThrow(/permission denied/);
  for (const forged of ['delete from users', "update users set role = 'owner'", 'delete from audit_log']) {
    await expect(dashboard.query(forged), forged).rejects.toThrow(/permission denied/);
  }
  await expect(dashboard.query("insert into audit_log (who, role, action) values ('a', 'b', 'c')")).rejects.toThrow(
    /permission denied/,
  );
  await dashboard.query("select audit('login', '', null, null, '{}')");
  await dashboard.query('select * from audit_log');
  await dashboard.query('select count(*), min(created_at) from outbox');
  await dashboard.query('select created_at from outbox order by id limit 1');
  await expect(dashboard.query('select payload from outbox')).rejects.toThrow(/permission denied/);
  await expect(dashboard.query('select from purchases')).rejects.toThrow(/permission denied/);
});

test('the dashboard makes users, and starts, finds, uses and ends sessions; those of another password or user are none', async () => {
  const IDLE_MS = 3_600_000;
  const dashboard = as('dashboard');
  const sessions = postgresSessions(dashboard, IDLE_MS);
  const userId = async (name: string) =>
    (await dashboard.query('select user_id from users where name = $1 and ended_at is null', [name])).rows[0].user_id;
  const hashOf = async (name: string) =>
    (await dashboard.query('select password_hash from users where name = $1', [name])).rows[0].password_hash;
  await setOwnerPassword(database.pool, 'the first password');
  await addUser(dashboard, { name: 'Mia', role: 'manager', branch_ids: ['SMKT001'], password: 'the second password' });
  const owner = { userId: await userId('owner'), passwordHash: await hashOf('owner') };
  const mia = { userId: await userId('Mia'), passwordHash: await hashOf('Mia') };
  const [token, other, old] = ['a', 'b', 'c'].map((letter) => Buffer.alloc(32, letter)) as [Buffer, Buffer, Buffer];
  const now = Date.now();
  await sessions.start(old, owner, new Date(now - IDLE_MS - 1));
  await sessions.start(token, owner, new Date(now));
  await sessions.start(other, mia, new Date(now));
  await sessions.use(token, new Date(now + 5_000));
  expect(await sessions.find(token)).toEqual({
    startedAt: new Date(now),
    lastUsedAt: new Date(now + 5_000),
    who: { name: 'owner', role: 'owner', branches: undefined },
  });
  expect((await sessions.find(other))?.who).toEqual({ name: 'Mia', role: 'manager', branches: ['SMKT001'] });
  const count = async () => (await database.pool.query('select from sessions')).rowCount;
  // What was over is cleared up by the next login.
  expect(await count()).toBe(2);
  await endUser(dashboard, 'Mia');
  expect(await sessions.find(other)).toBeUndefined();
  await setSecrets(dashboard, 'owner', { password: 'the third password' });
  expect(await sessions.find(token)).toBeUndefined();
  await sessions.end(token);
  expect(await count()).toBe(1);
});

test('the dashboard signs cashiers in; a PIN opens nothing after ten wrong ones in a row, however many come at once', async () => {
  const dashboard = as('dashboard');
  await addUser(dashboard, { name: 'Cem', role: 'cashier', branch_ids: ['SMKT001'], pin: '2468' });
  const signIns = createSignIns(dashboard);
  const tills = Array.from({ length: 5 }, (_, n) => `till ${n}`);
  expect(await signIns.names('SMKT001')).toContain('Cem');
  expect(await signIns.names('SMKT002')).not.toContain('Cem');
  expect(await signIns.attempt('SMKT002', 'Cem', '2468', 'elsewhere')).toEqual({ kind: 'wrong' });
  const first = await signIns.attempt('SMKT001', 'cem', '2468', 'till 0');
  if (first.kind !== 'in') throw new Error(first.kind);
  expect(await signIns.find(first.token)).toMatchObject({ name: 'Cem', branch_id: 'SMKT001', endedAt: undefined });
  const tries = await Promise.all(
    tills.flatMap((till) => [1, 2, 3].map(() => signIns.attempt('SMKT001', 'Cem', '1357', till))),
  );
  expect(tries.filter(({ kind }) => kind === 'wrong')).toHaveLength(10);
  expect(tries.filter(({ kind }) => kind === 'locked')).toHaveLength(5);
  expect(await signIns.attempt('SMKT001', 'Cem', '2468', 'till 9')).toEqual({ kind: 'locked', name: 'Cem' });
  await setSecrets(dashboard, 'Cem', { pin: '97531' });
  expect((await signIns.find(first.token))?.endedAt).toBeTypeOf('number');
  const again = await signIns.attempt('SMKT001', 'Cem', '97531', 'till 9');
  if (again.kind !== 'in') throw new Error(again.kind);
  await signIns.end(again.token);
  expect((await signIns.find(again.token))?.endedAt).toBeTypeOf('number');
  for (let n = 0; n < 5; n++) await signIns.attempt('SMKT001', 'nobody', '1357', 'till 8');
  expect((await signIns.attempt('SMKT001', 'Cem', '97531', 'till 8')).kind).toBe('later');
});

test('the loader keeps the catalog and records', async () => {
  const loader = as('loader');
  expect(await upsertProducts(loader, [{ product_id: 'tea', name: 'Tea', unit_price_minor: 250 }])).toEqual({
    changed: 1,
  });
  expect((await recordPurchases(loader, [purchase({ items: ['tea'] })]))[0]?.outcome).toBe('recorded');
  await expect(loader.query('delete from purchases')).rejects.toThrow(/permission denied/);
});

test('run again it changes nothing but a new password', async () => {
  await applyRoles(
    database.url,
    new Map([...ROLES.map((role): [string, string] => [role, `of-${role}`]), ['relay', 'new']]),
  );
  await as('relay', 'new').query('select from outbox');
});

test("the key of the dashboard's till is let in once, and a new one takes its place", async () => {
  const key = (id: string) => `ts_${id}_${'x'.repeat(43)}`;
  const valid = async () => (await validKeys(database.pool)).map(({ key_id, scopes }) => ({ key_id, scopes }));
  const others = await valid();
  await letTillIn(database.url, key('aaaaaaaaaaaa'));
  expect(await valid()).toEqual([...others, { key_id: 'aaaaaaaaaaaa', scopes: ['post', 'read'] }]);
  expect(await letTillIn(database.url, key('aaaaaaaaaaaa'))).toEqual([]);
  await letTillIn(database.url, key('bbbbbbbbbbbb'));
  expect(await valid()).toEqual([...others, { key_id: 'bbbbbbbbbbbb', scopes: ['post', 'read'] }]);
  await revokeKey(database.pool, 'bbbbbbbbbbbb');
  expect(await letTillIn(database.url, key('bbbbbbbbbbbb'))).toEqual([]);
  expect(await valid()).toEqual(others);
});
