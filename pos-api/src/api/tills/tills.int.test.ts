import { randomUUID } from 'node:crypto';
import { purchaseResponse, purchasesResponse, type Scope, tillResponse } from '@tillstream/schemas/api';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../../tests/support/database.ts';
import { checkedFetch, json, startApi, type TestApi } from '../../../test/api.ts';
import { createKey } from '../../keys/api-keys.ts';
import { KeyRing } from '../keys/key-ring.ts';

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
const keyFor = async (scopes: Scope[], branch_id: string | null = null) => {
  const { key } = await createKey(database.pool, { name: 'till', branch_id, scopes });
  return { Authorization: `Bearer ${key}` };
};
const find = async (headers: Record<string, string>, query: Record<string, string>) => {
  const response = await request(`/v1/purchases?${new URLSearchParams(query)}`, { headers });
  return response.status === 200 ? purchasesResponse.parse(await response.json()).purchases : response.status;
};

test('a purchase is found by its receipt number in every branch; whose it was is told to its own branch alone', async () => {
  const receipt_number = 'SMKT001-1-000042 é/&?#';
  const sale = { branch_id: 'SMKT001', receipt_number, items: [{ product_id: 'milk', quantity: 1 }] };
  const [own, other] = [await keyFor(['post', 'read'], 'SMKT001'), await keyFor(['post', 'read'], 'SMKT002')];
  const chain = await keyFor(['read']);
  const sell = async (body: object, headers = own) =>
    purchaseResponse.parse(await (await request('/v1/purchases', json(body, headers))).json());
  const sold = await sell({ ...sale, customer_id: randomUUID() });
  const whole = { ...sold, status: 'recorded', returns: [] };

  expect(await find(own, { receipt_number })).toEqual([whole]);
  expect(await find(chain, { receipt_number })).toEqual([whole]);
  expect(await find(other, { receipt_number })).toEqual([{ ...whole, customer_id: null, customer: null }]);
  expect(await find(chain, { receipt_number, branch: 'SMKT002' })).toEqual([]);
  expect(await find(chain, { receipt_number: 'SMKT001-1-000043' })).toEqual([]);

  // It is taken back in the other branch; both see that, and a void.
  const back = json({ items: sale.items }, other);
  expect((await request(`/v1/purchases/${sold.purchase_id}/returns`, back)).status).toBe(201);
  const again = await sell({ ...sale, branch_id: 'SMKT002' }, other);
  await request(`/v1/purchases/${again.purchase_id}/void`, { method: 'POST', headers: other });
  expect(await find(other, { receipt_number })).toMatchObject([
    { purchase_id: again.purchase_id, status: 'voided', returns: [] },
    { purchase_id: sold.purchase_id, status: 'recorded', returns: [{ branch_id: 'SMKT002', total_minor: 150 }] },
  ]);
});

test('looking up takes the scope read and a receipt number', async () => {
  expect(await find(await keyFor(['post']), { receipt_number: 'x' })).toBe(403);
  const read = await keyFor(['read']);
  expect(await find(read, {})).toBe(400);
  expect(await find(read, { receipt_number: '' })).toBe(400);
  expect(await find(read, { receipt_number: 'x'.repeat(101) })).toBe(400);
  expect(await find(read, { receipt_number: 'a\u0000b' })).toBe(400);
  expect((await request('/v1/purchases?receipt_number=a&receipt_number=b', { headers: read })).status).toBe(400);
});

test('each device has a number of its own in a branch, and the same however often it asks', async () => {
  const post = await keyFor(['post']);
  const register = async (branch: string, device: string, headers = post): Promise<number[]> => {
    const response = await request(`/v1/branches/${branch}/tills`, json({ device }, headers));
    const body = await response.json();
    return response.ok ? [response.status, tillResponse.parse(body).till_number] : [response.status];
  };
  const devices = Array.from({ length: 12 }, () => randomUUID());
  const given = await Promise.all(devices.map((device) => register('SMKT001', device)));
  expect(given.map(([, number = 0]) => number).sort((a, b) => a - b)).toEqual(devices.map((_, index) => index + 1));
  expect(given.every(([status]) => status === 201)).toBe(true);
  for (const [index, device] of devices.entries()) {
    expect(await register('SMKT001', device.toUpperCase())).toEqual([200, given[index]?.[1]]);
  }
  expect(await register('SMKT002', devices[3] ?? '')).toEqual([201, 1]);

  expect(await register('nowhere', randomUUID())).toEqual([404]);
  expect(await register('SMKT001', 'a till')).toEqual([422]);
  expect(await register('SMKT001', randomUUID(), await keyFor(['read']))).toEqual([403]);
  expect(await register('SMKT001', randomUUID(), await keyFor(['post'], 'SMKT002'))).toEqual([403]);
  await expect(database.pool.query('delete from tills')).rejects.toThrow(/never removed/);
});
