import { isPassword } from '@tillstream/schemas/credentials/password';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, purchase, SETTINGS, type TestDatabase } from '../../../tests/support/database.ts';
import { addBranches, changeBranch, changeProduct, setPrice, upsertProducts } from '../catalog.ts';
import { createKey, revokeKey } from '../keys/api-keys.ts';
import { migratePostgres } from '../postgres/migrate.ts';
import { recordPurchases } from '../record-purchases.ts';
import { returnPurchase } from '../return-purchase.ts';
import { addUser, endUser, listUsers, setOwnerPassword, setSecrets } from './users.ts';

const PASSWORD = 'long enough & more';
const OWNER = { who: 'owner', role: 'owner', address: '192.0.2.1', request_id: 'r1' };
let database: TestDatabase;

beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
});
afterAll(() => database.pool.end());

/** Entries written by what `work` does, without their moments. */
const written = async (work: () => Promise<unknown>) => {
  const { rows } = await database.pool.query('select coalesce(max(audit_id), 0) as last from audit_log');
  await work();
  const added = await database.pool.query(
    'select who, role, action, subject, address, request_id, before, after from audit_log where audit_id > $1 order by audit_id',
    [rows[0].last],
  );
  return added.rows;
};
const add = (name: string, more: Partial<Parameters<typeof addUser>[1]> = {}) =>
  addUser(database.pool, { name, role: 'cashier', branch_ids: ['SMKT001'], pin: '2468', ...more }, OWNER);

test('users are made, get other secrets and end, and the audit log has each, without a hash', async () => {
  const entries = await written(async () => {
    await add('Ada');
    await setSecrets(database.pool, 'ADA', { pin: '97531' }, OWNER);
    await endUser(database.pool, 'ada', OWNER);
    await add('Ada', { role: 'manager', branch_ids: ['SMKT002', 'SMKT001'], pin: undefined, password: PASSWORD });
  });
  expect(entries.map(({ action, subject, who, address }) => [action, subject, who, address])).toEqual([
    ['user made', 'Ada', 'owner', '192.0.2.1'],
    ['user changed', 'Ada', 'owner', '192.0.2.1'],
    ['user ended', 'Ada', 'owner', '192.0.2.1'],
    ['user made', 'Ada', 'owner', '192.0.2.1'],
  ]);
  expect(entries[0]).toMatchObject({ after: { role: 'cashier', branch_ids: ['SMKT001'], pin_hash: 'set' } });
  expect(entries[1]).toMatchObject({ request_id: 'r1', after: { pin_hash: 'set' } });
  expect(JSON.stringify(entries)).not.toContain('scrypt');
  const { rows } = await database.pool.query("select password_hash from users where name = 'Ada' and ended_at is null");
  expect(await isPassword(PASSWORD, rows[0].password_hash)).toBe(true);
  expect(
    (await listUsers(database.pool, { ended: true })).map(({ name, role, ended_at }) => [name, role, !ended_at]),
  ).toEqual([
    ['Ada', 'manager', true],
    ['Ada', 'cashier', false],
  ]);
});

test.each([
  [{}, 'there is a user Ada already'],
  [{ name: 'ada' }, 'there is a user ada already'],
  [{ name: ' Eve' }, 'the name must be 1 to 60 characters, without spaces around it'],
  [{ name: 'Eve\n' }, 'the name must be 1 to 60 characters, without spaces around it'],
  [{ name: 'Owner' }, 'owner is the name of an owner'],
  [{ name: 'Eve', branch_ids: ['nowhere'] }, 'there is no branch nowhere'],
  [{ name: 'Eve', branch_ids: [] }, 'a cashier needs a branch'],
  [{ name: 'Eve', role: 'owner' as const }, 'an owner has all branches: name none'],
  [{ name: 'Eve', role: 'manager' as const }, 'a manager needs a password'],
  [{ name: 'Eve', pin: undefined }, 'a user needs a password or a PIN'],
])('a user %j is refused: %s', async (more, message) => {
  await expect(add('Ada', more)).rejects.toThrow(message);
});

test('the last owner who can log in stays', async () => {
  expect(await setOwnerPassword(database.pool, PASSWORD)).toBe(false);
  expect(await setOwnerPassword(database.pool, PASSWORD)).toBe(true);
  await expect(endUser(database.pool, 'owner', OWNER)).rejects.toThrow('owner is the last owner who can log in');
  await add('Partner', { role: 'owner', branch_ids: [], pin: undefined, password: PASSWORD });
  await endUser(database.pool, 'owner', OWNER);
  await expect(endUser(database.pool, 'owner', OWNER)).rejects.toThrow('there is no user owner');
  expect(await setOwnerPassword(database.pool, PASSWORD)).toBe(false);
});

test('who is ended or gets another PIN is signed out at every till', async () => {
  const signedOut = async (token: string) =>
    (
      await database.pool.query('select signed_out_at from till_sign_ins where token_hash = $1', [
        Buffer.alloc(32, token),
      ])
    ).rows[0].signed_out_at !== null;
  await add('Tom');
  for (const token of ['a', 'b']) {
    await database.pool.query(
      "insert into till_sign_ins (token_hash, user_id, branch_id) select $1, user_id, 'SMKT001' from users where name = 'Tom'",
      [Buffer.alloc(32, token)],
    );
    expect(await signedOut(token)).toBe(false);
    if (token === 'a') await setSecrets(database.pool, 'Tom', { pin: '8642' });
    else await endUser(database.pool, 'Tom');
    expect(await signedOut(token)).toBe(true);
  }
});

test('keys, products, prices, branches and settings: who changed what, before and after', async () => {
  const cause = { request_id: 'r7', key_id: 'abcdefghijkl' };
  const entries = await written(async () => {
    const { key_id } = await createKey(database.pool, { name: 'till', branch_id: null, scopes: ['post'] });
    await database.pool.query('update api_keys set last_used_at = now()');
    await revokeKey(database.pool, key_id);
    await upsertProducts(database.pool, [{ product_id: 'tea', name: 'Tea', unit_price_minor: 250 }]);
    await setPrice(database.pool, 'tea', 275, null, cause);
    await changeProduct(database.pool, 'tea', { name: 'Green tea' }, cause);
    await changeProduct(database.pool, 'tea', { name: 'Green tea' }, cause);
    await addBranches(database.pool, [{ branch_id: 'SMKT003', name: 'Third', country: 'PT' }], cause);
    await changeBranch(database.pool, 'SMKT003', { name: 'Harbour' }, cause);
    await migratePostgres(database.url, { ...SETTINGS, LOYAL_THRESHOLD: 4 });
    await migratePostgres(database.url, SETTINGS);
    await migratePostgres(database.url, SETTINGS);
  });
  expect(entries.map(({ action, before, after }) => [action, before, after])).toEqual([
    ['key made', null, { name: 'till', scopes: ['post'], secret_hash: 'set' }],
    ['key ended', { revoked_at: null }, { revoked_at: expect.any(String) }],
    ['product made', null, expect.objectContaining({ name: 'Tea', unit_price_minor: 250 })],
    ['price set', { unit_price_minor: 250 }, { unit_price_minor: 275, from: expect.any(String) }],
    ['product changed', { name: 'Tea' }, { name: 'Green tea' }],
    ['branch made', null, { name: 'Third', country: 'PT' }],
    ['branch changed', { name: 'Third' }, { name: 'Harbour' }],
    ['settings changed', { loyal_threshold: 3 }, { loyal_threshold: 4 }],
    ['settings changed', { loyal_threshold: 4 }, { loyal_threshold: 3 }],
  ]);
  expect(entries[0]).toMatchObject({ who: 'test', role: 'operator' });
  expect(entries[3]).toMatchObject({ who: 'abcdefghijkl', role: 'key', request_id: 'r7', subject: 'tea' });
});

test('voids, returns and forgetting are written down, and nothing of a customer', async () => {
  const customer_id = '00000000-0000-4000-8000-000000000001';
  const sold = async () => {
    const [answer] = await recordPurchases(database.pool, [purchase({ customer_id, request_id: customer_id })]);
    return answer && 'purchase_id' in answer ? answer.purchase_id : '';
  };
  const entries = await written(async () => {
    await database.pool.query('select from void_purchase($1, $2, $3, $4)', [
      await sold(),
      'k1',
      'Ada wants it',
      customer_id,
    ]);
    await returnPurchase(database.pool, await sold(), {
      ...{ idempotency_key: 'back', credential: null, fingerprint: 'ab', branch_id: null, cashier: 'Tom' },
      ...{ items: ['milk'], quantities: ['1'], reason: 'Ada again', request_id: customer_id, who: 'loopback' },
    });
    await database.pool.query('select forget_customer($1)', [customer_id]);
  });
  expect(entries.map(({ action, who, after }) => [action, who, after])).toEqual([
    ['purchase voided', 'k1', { branch_id: 'SMKT001', total_minor: 470 }],
    ['purchase returned', 'loopback', expect.objectContaining({ total_minor: 150, cashier: 'Tom' })],
    ['customer forgotten', 'test', null],
  ]);
  const { rows } = await database.pool.query('select new_id from forgetting');
  const { rows: all } = await database.pool.query('select l::text as line from audit_log l');
  for (const id of [customer_id, rows[0].new_id, 'Ada wants', 'Ada again']) {
    expect(all.filter(({ line }) => line.includes(id))).toEqual([]);
  }
});

test.each(['update audit_log set who = null', 'delete from audit_log', 'truncate audit_log', 'delete from users'])(
  '%s: refused, even by the owner of the database',
  async (change) => {
    await expect(database.pool.query(change)).rejects.toThrow(/is only added to|truncate a table referenced/);
  },
);
