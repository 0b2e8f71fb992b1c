import {
  branchesResponse,
  problem,
  productResponse,
  productsResponse,
  purchaseResponse,
} from '@tillstream/schemas/api';
import { catalogEvent } from '@tillstream/schemas/events';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { checkedFetch, json, startApi, type TestApi } from '../../test/api.ts';

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
  api = await startApi(database.pool);
});
afterEach(() => expect(api.errors).toEqual([]));
afterAll(async () => {
  api.close();
  await database.pool.end();
});

const request = checkedFetch(() => api);
const send = (path: string, body: unknown, method = 'POST', headers = {}) => request(path, json(body, headers, method));
const sell = async (product_id: string, sold_at?: string) => {
  const response = await send('/v1/purchases', { branch_id: 'SMKT001', items: [{ product_id, quantity: 1 }], sold_at });
  return response.status === 201 ? purchaseResponse.parse(await response.json()).total_minor : response.status;
};

test('a product has a category, a unit, an SKU that no other active one has, and may have an open price', async () => {
  const plums = {
    name: 'Plums',
    unit_price_minor: 399,
    category: 'Fruit',
    unit: 'kg',
    sku: '2000001',
    open_price: true,
  };
  const added = await send('/v1/products', plums);
  expect(productResponse.parse(await added.json())).toMatchObject(plums);
  expect((await send('/v1/products', plums)).status).toBe(200);
  expect((await send('/v1/products', { ...plums, unit: 'piece' })).status).toBe(409);
  expect((await send('/v1/products', { ...plums, name: 'Prunes' })).status).toBe(409);
  expect((await send('/v1/products/milk', { sku: '2000001' }, 'PATCH')).status).toBe(409);
  const items = [{ product_id: 'plums', quantity: 0.5, unit_price_minor: 500 }];
  expect(await (await send('/v1/purchases', { branch_id: 'SMKT001', items })).json()).toMatchObject({
    total_minor: 250,
  });

  const changed = await send('/v1/products/plums', { category: '', open_price: false, sku: null }, 'PATCH');
  expect(await changed.json()).toMatchObject({ name: 'Plums', category: '', unit: 'kg', open_price: false, sku: null });
  expect((await send('/v1/purchases', { branch_id: 'SMKT001', items })).status).toBe(422);
  expect((await send('/v1/products/milk', { sku: '2000001' }, 'PATCH')).status).toBe(200);
  const { rows } = await database.pool.query("select payload::json from outbox where key = 'plums' order by id");
  const { unit, ...rest } = plums;
  expect(rows.map(({ payload }) => catalogEvent.parse(payload).data)).toMatchObject([
    { ...rest, unit, revision: 1 },
    { category: '', unit, sku: null, open_price: false, revision: 2 },
  ]);
});

test('a product is added once, sold, given another price, retired', async () => {
  const rice = { name: 'Brown Rice', unit_price_minor: 220 };
  const added = await send('/v1/products', rice, 'POST', { 'X-Request-Id': 'add-rice' });
  expect([added.status, added.headers.get('location')]).toEqual([201, '/v1/products/brown-rice']);
  expect((await send('/v1/products', rice)).status).toBe(200);
  expect((await send('/v1/products', { ...rice, unit_price_minor: 1 })).status).toBe(409);
  expect(await sell('brown-rice')).toBe(220);

  const priced = await send('/v1/products/brown-rice/prices', {
    unit_price_minor: 250,
    from: '2026-02-01T00:00:00+01:00',
  });
  expect(productResponse.parse(await priced.json())).toMatchObject({
    unit_price_minor: 250,
    prices: [
      { from: null, unit_price_minor: 220 },
      { from: '2026-01-31T23:00:00.000Z', unit_price_minor: 250 },
    ],
  });
  expect([await sell('brown-rice', '2026-01-01T00:00:00Z'), await sell('brown-rice')]).toEqual([220, 250]);

  expect((await send('/v1/products/brown-rice', { active: false }, 'PATCH')).status).toBe(200);
  expect([await sell('brown-rice', '2026-01-01T00:00:00Z'), await sell('brown-rice')]).toEqual([220, 422]);
  const { products } = productsResponse.parse(await (await request('/v1/products')).json());
  expect(products.find(({ product_id }) => product_id === 'brown-rice')).toMatchObject({ active: false });
  const { rows } = await database.pool.query("select payload::json from outbox where key = 'brown-rice' order by id");
  expect(rows.map(({ payload }) => [payload.type, payload.data.revision])).toEqual([
    ['pos.product.changed.v1', 1],
    ['pos.product.changed.v1', 2],
    ['pos.product.changed.v1', 3],
  ]);
  expect(rows[0]?.payload.requestid).toBe('add-rice');
});

test('a branch is added once and renamed', async () => {
  const porto = { branch_id: 'SMKT044', name: 'Harbour', country: 'PT' };
  expect((await send('/v1/branches', porto)).status).toBe(201);
  expect((await send('/v1/branches', porto)).status).toBe(200);
  expect((await send('/v1/branches', { ...porto, name: 'Other' })).status).toBe(409);
  const lisbon = { ...porto, branch_id: 'SMKT045' };
  const atOnce = await Promise.all(Array.from({ length: 8 }, () => send('/v1/branches', lisbon)));
  expect(atOnce.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 201]);
  const renamed = await send('/v1/branches/SMKT044', { name: 'Old Harbour' }, 'PATCH');
  expect(await renamed.json()).toEqual({ ...porto, name: 'Old Harbour' });
});

test('changes of the same branch at the same time are all kept', async () => {
  for (const round of ['A', 'B', 'C', 'D', 'E']) {
    await Promise.all([
      send('/v1/branches/SMKT002', { name: `Name ${round}` }, 'PATCH'),
      send('/v1/branches/SMKT002', { country: `Country ${round}` }, 'PATCH'),
    ]);
    const { branches } = branchesResponse.parse(await (await request('/v1/branches')).json());
    expect(branches).toContainEqual({ branch_id: 'SMKT002', name: `Name ${round}`, country: `Country ${round}` });
  }
});

test.each([
  ['PATCH', '/v1/products/caviar', { active: true }],
  ['PATCH', '/v1/products/a%00b', { active: true }],
  ['POST', '/v1/products/caviar/prices', { unit_price_minor: 1 }],
  ['PATCH', '/v1/branches/NOWHERE', { name: 'x' }],
])('%s %s: there is no such thing', async (method, path, body) => {
  expect((await send(path, body, method)).status).toBe(404);
});

test.each([
  ['/v1/products', { name: 'A\u0007', unit_price_minor: -1, colour: 1 }, ['#/name', '#/unit_price_minor', '#/colour']],
  ['/v1/products', { name: 'A', unit_price_minor: 1e15 }, ['#/unit_price_minor']],
  ['/v1/products', { name: 'A', unit_price_minor: 1.5 }, ['#/unit_price_minor']],
  ['/v1/products/milk/prices', { unit_price_minor: 1, from: 'soon' }, ['#/from']],
  ['/v1/branches', { branch_id: 'a b', name: '', country: 5 }, ['#/branch_id', '#/name', '#/country']],
])('%s %j is 422 and names all of it', async (path, body, pointers) => {
  const response = await send(path, body);
  expect(response.status).toBe(422);
  expect(problem.parse(await response.json()).errors?.map(({ pointer }) => pointer)).toEqual(pointers);
});

test('a change of nothing is 422', async () => {
  expect((await send('/v1/products/milk', {}, 'PATCH')).status).toBe(422);
});
