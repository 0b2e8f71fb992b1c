import { randomUUID } from 'node:crypto';
import {
  branchesResponse,
  customerResponse,
  problem,
  productsResponse,
  purchaseResponse,
  returnResponse,
} from '@tillstream/schemas/api';
import { purchaseEvent } from '@tillstream/schemas/events';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { checkedFetch, json, startApi, type TestApi } from '../../test/api.ts';
import { connectPostgres } from '../postgres/database.ts';

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

const good = { branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] };
const request = checkedFetch(() => api);
const post = (body: unknown, headers: Record<string, string> = {}) => request('/v1/purchases', json(body, headers));
const problemOf = async (response: Response) => {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const body = problem.parse(await response.json());
  expect(body.status).toBe(response.status);
  return body;
};
const pointersOf = async (response: Response) => (await problemOf(response)).errors?.map(({ pointer }) => pointer);

test('a purchase is answered 201 with its place, and can be read there', async () => {
  const response = await post({ ...good, customer_id: randomUUID().toUpperCase() });
  expect(response.status).toBe(201);
  const body = purchaseResponse.parse(await response.json());
  expect(body).toMatchObject({
    branch_id: 'SMKT001',
    total_minor: 150,
    currency: 'EUR',
    customer: { purchases: 1, loyal: false },
  });
  const location = response.headers.get('location');
  expect(location).toBe(`/v1/purchases/${body.purchase_id}`);
  const read = await request(location ?? '');
  expect(await read.json()).toEqual({ ...body, status: 'recorded', returns: [] });
});

test('the same key and JSON gives the same answer, whatever the order of its fields', async () => {
  const headers = { 'Idempotency-Key': randomUUID() };
  const first = await post(good, headers);
  const again = await post('{ "items": [{"quantity": 1, "product_id": "milk"}], "branch_id": "SMKT001" }', headers);
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(first.headers.get('idempotent-replayed')).toBeNull();
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await again.text()).toBe(await first.text());
  const other = await post({ ...good, items: [{ product_id: 'bread', quantity: 1 }] }, headers);
  expect(other.status).toBe(422);
  expect((await problemOf(other)).type).toBe('urn:tillstream:problem:key-reused');
});

test('a missing or unprintable key is 400', async () => {
  const without = await request('/v1/purchases', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(good),
  });
  expect(without.status).toBe(400);
  expect((await post(good, { 'Idempotency-Key': 'x'.repeat(256) })).status).toBe(400);
  expect((await post(good, { 'Idempotency-Key': 'ümlaut' })).status).toBe(400);
});

test('a receipt of a real till: its number, its cashier, its tenders', async () => {
  const receipt = {
    ...good,
    items: [{ product_id: 'milk', quantity: '1.0', unit_price_minor: 150, discount_minor: 20 }],
    discount_minor: 30,
    cashier: 'Ana',
    receipt_number: 'SMKT001-000042',
    channel: 'web',
    tenders: [{ type: 'cash', amount_minor: 100 }],
  };
  const body = purchaseResponse.parse(await (await post(receipt)).json());
  expect(body).toMatchObject({ receipt_number: 'SMKT001-000042', discount_minor: 30, total_minor: 100 });
  const cost = { unit: 'piece', unit_price_minor: 150, discount_minor: 20, total_minor: 130, net_minor: 100 };
  expect(body.items).toEqual([{ product_id: 'milk', quantity: 1, ...cost }]);
  const nothing = { discount_minor: null, cashier: null, receipt_number: null, channel: null, tenders: null };
  expect((await post({ ...good, ...nothing })).status).toBe(201);
});

test.each<[string, object, string[]]>([
  ['nothing of it', { quantity: 0 }, ['#/items/0/quantity']],
  ['less than a gram', { quantity: 0.0001 }, ['#/items/0/quantity']],
  ['a word', { quantity: 'two' }, ['#/items/0/quantity']],
  ['a power of ten', { quantity: '1e3' }, ['#/items/0/quantity']],
  ['more than 10000', { quantity: 10_001 }, ['#/items/0/quantity']],
  [
    'half a cent',
    { unit_price_minor: 0.5, discount_minor: -1 },
    ['#/items/0/discount_minor', '#/items/0/unit_price_minor'],
  ],
  [
    'an unreadable quantity of an unknown product',
    { product_id: 'caviar', quantity: -1, discount_minor: 1000 },
    ['#/items/0/product_id', '#/items/0/quantity'],
  ],
  [
    'a wrong discount beside an unknown field',
    { discount_minor: 151, colour: 1 },
    ['#/items/0/colour', '#/items/0/discount_minor'],
  ],
])('%s is 422, and all that is wrong is named', async (_what, item, pointers) => {
  const response = await post({ ...good, items: [{ product_id: 'milk', quantity: 1, ...item }] });
  expect((await pointersOf(response))?.sort()).toEqual(pointers);
});

test('tenders and discounts that cannot be are 422 beside an unknown field', async () => {
  const tenders = [{ type: 'cash', amount_minor: 100 }];
  expect((await pointersOf(await post({ ...good, tenders, colour: 1 })))?.sort()).toEqual(['#/colour', '#/tenders']);
  expect(await pointersOf(await post({ ...good, tenders: [{ type: '', amount_minor: -1 }] }))).toEqual([
    '#/tenders/0/type',
    '#/tenders/0/amount_minor',
  ]);
  expect(await pointersOf(await post({ ...good, discount_minor: 151, channel: 'fax' }))).toEqual([
    '#/channel',
    '#/discount_minor',
  ]);
});

test('what is wrong with the form or the content is 422, all of it at once', async () => {
  const response = await post({
    branch_id: 'NOWHERE',
    customer_id: 'x'.repeat(65),
    items: [
      { product_id: 'milk', quantity: 2 },
      { product_id: 'caviar', quantity: 1 },
      { product_id: 'milk', quantity: 1 },
    ],
    sold_at: '1999-01-01T00:00:00Z',
    colour: 'blue',
  });
  expect(response.status).toBe(422);
  expect((await pointersOf(response))?.sort()).toEqual([
    '#/branch_id',
    '#/colour',
    '#/customer_id',
    '#/items/0/quantity',
    '#/items/1/product_id',
    '#/items/2/product_id',
    '#/sold_at',
  ]);
});

test.each([
  ['no items', { ...good, items: [] }, '#/items'],
  ['no branch', { items: good.items }, '#/branch_id'],
  ['a NUL', { ...good, branch_id: 'SMKT\u0000' }, '#/branch_id'],
  ['a time without a zone', { ...good, sold_at: '2026-01-01T00:00:00' }, '#/sold_at'],
  ['a day that is not', { ...good, sold_at: '2026-02-30T00:00:00Z' }, '#/sold_at'],
  ['the year 0', { ...good, sold_at: '0000-01-01T00:00:00Z' }, '#/sold_at'],
  ['a time ahead', { ...good, sold_at: new Date(Date.now() + 3_600_000).toISOString() }, '#/sold_at'],
  ['items that are none', { ...good, items: 'milk' }, '#/items'],
])('%s is 422 and named', async (_what, body, pointer) => {
  const response = await post(body);
  expect(response.status).toBe(422);
  expect(await pointersOf(response)).toContain(pointer);
});

test.each([
  ['no JSON', '{"branch_id": ', 400],
  ['a list', '[]', 422],
  ['nothing', 'null', 422],
  ['too much', JSON.stringify({ ...good, branch_id: 'x'.repeat(70_000) }), 413],
])('%s is %3$i', async (_what, body, status) => {
  expect((await post(body)).status).toBe(status);
});

test('another media type is 415, an unknown path 404', async () => {
  expect((await post('a=b', { 'Content-Type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  const nothing = await request(`/v2/purchases`);
  expect(nothing.status).toBe(404);
  await problemOf(nothing);
});

test('a void answers the same however often it is asked', async () => {
  const { purchase_id } = purchaseResponse.parse(await (await post(good)).json());
  const once = await request(`/v1/purchases/${purchase_id}/void`, { method: 'POST' });
  const again = await request(`/v1/purchases/${purchase_id}/void`, { method: 'POST' });
  expect([once.status, again.status]).toEqual([200, 200]);
  const body = await once.json();
  expect(body).toMatchObject({ purchase_id, status: 'voided' });
  expect(await again.json()).toEqual(body);
  expect((await request(`/v1/purchases/${randomUUID()}/void`, { method: 'POST' })).status).toBe(404);
  expect((await request(`/v1/purchases/nonsense`)).status).toBe(404);
});

test.each([
  ['nothing', {}, 200, null],
  ['no bytes, said to be JSON', { headers: { 'Content-Type': 'application/json' } }, 200, null],
  ['an empty object', json({}), 200, null],
  ['a reason', json({ reason: 'Wrong item' }), 200, 'Wrong item'],
  ['an empty reason', json({ reason: '' }), 422, undefined],
  ['items, as for a return', json({ items: [{ product_id: 'milk', quantity: 1 }] }), 422, undefined],
  ['a list', json([]), 422, undefined],
  ['null', json('null'), 422, undefined],
  ['a reason of control characters', json({ reason: 'a\u0007' }), 422, undefined],
  ['half of JSON', json('{'), 400, undefined],
  ['a form', { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'reason=x' }, 415, undefined],
] satisfies [string, RequestInit, number, string | null | undefined][])(
  'a void with %s: what is kept of it',
  async (_what, init, status, reason) => {
    const { purchase_id } = purchaseResponse.parse(await (await post(good)).json());
    const headers = {
      ...('headers' in init ? init.headers : {}),
      'X-Request-Id': `void ${purchase_id}`.replace(' ', '-'),
    };
    const answer = await request(`/v1/purchases/${purchase_id}/void`, { method: 'POST', ...init, headers });
    expect(answer.status).toBe(status);
    // The first void stays, whoever asks again.
    if (status === 200) await request(`/v1/purchases/${purchase_id}/void`, json({ reason: 'another' }));
    const { rows } = await database.pool.query('select payload from outbox where key = $1 order by id', [purchase_id]);
    const events = rows.map(({ payload }) => purchaseEvent.parse(JSON.parse(payload)).data.void);
    expect(events).toEqual([
      undefined,
      ...(status === 200 ? [{ by: 'loopback', reason, request_id: `void-${purchase_id}` }] : []),
    ]);
  },
);

test('a return: once, however often it is asked, and it stands in the purchase', async () => {
  const body = { ...good, items: [...good.items, { product_id: 'bread', quantity: 1, discount_minor: 20 }] };
  const { purchase_id } = purchaseResponse.parse(await (await post(body)).json());
  const place = `/v1/purchases/${purchase_id}`;
  const bread = json({ items: [{ quantity: 1, product_id: 'bread' }], reason: 'Stale', branch_id: 'SMKT002' });
  const once = await request(`${place}/returns`, bread);
  expect([once.status, once.headers.get('location')]).toEqual([201, place]);
  const text = await once.text();
  const again = await request(`${place}/returns`, {
    ...bread,
    body: '{"branch_id":"SMKT002","items":[{"product_id":"bread","quantity":1}],"reason":"Stale"}',
  });
  expect([again.status, again.headers.get('idempotent-replayed'), await again.text()]).toEqual([201, 'true', text]);
  const other = await request(`${place}/returns`, {
    ...bread,
    body: JSON.stringify({ items: good.items, branch_id: 'SMKT002' }),
  });
  expect([other.status, (await problemOf(other)).type]).toEqual([422, 'urn:tillstream:problem:key-reused']);
  const { purchase_id: _, ...returned } = returnResponse.parse(JSON.parse(text));
  expect(returned).toMatchObject({ branch_id: 'SMKT002', reason: 'Stale', total_minor: 300 });
  expect(await (await request(place)).json()).toMatchObject({
    status: 'recorded',
    total_minor: 450,
    returns: [returned],
  });

  const more = await request(
    `${place}/returns`,
    json({ items: [...good.items, ...good.items, { product_id: 'bread', quantity: 1 }] }),
  );
  expect(await pointersOf(more)).toEqual(['#/items/1/product_id', '#/items/2/quantity']);

  // What the schema refuses and what only Postgres knows come together.
  const faulty = [
    { product_id: 'milk', quantity: 9 },
    { product_id: 'milk', quantity: -1 },
    { product_id: 'caviar', quantity: 1 },
    { product_id: '', quantity: 1 },
  ];
  const all = await request(`${place}/returns`, json({ items: faulty, reason: '', branch_id: 'NOWHERE' }));
  expect(new Set(await pointersOf(all))).toEqual(
    new Set([
      ...['#/branch_id', '#/reason', '#/items/0/quantity', '#/items/1/quantity', '#/items/1/product_id'],
      ...['#/items/2/product_id', '#/items/3/product_id'],
    ]),
  );
  expect(await (await request(place)).json()).toMatchObject({ returns: [returned] });
});

test('a purchase is voided or returned, never both; and only what is there is returned', async () => {
  const sold = async () => purchaseResponse.parse(await (await post(good)).json()).purchase_id;
  const typeOf = async (path: string, init: RequestInit) => {
    const answer = await request(`/v1/purchases/${path}`, init);
    return answer.status === 422 ? (await problemOf(answer)).type : answer.status;
  };
  const [voided, returned] = [await sold(), await sold()];
  expect(await typeOf(`${voided}/void`, json({}))).toBe(200);
  expect(await typeOf(`${voided}/returns`, json({ items: good.items }))).toBe('urn:tillstream:problem:voided');
  expect(await typeOf(`${returned}/returns`, json({ items: good.items }))).toBe(201);
  expect(await typeOf(`${returned}/void`, json({}))).toBe('urn:tillstream:problem:returned');
  expect(await typeOf(`${randomUUID()}/returns`, json({ items: good.items }))).toBe(404);
  expect(await typeOf('nonsense/returns', json({ items: good.items }))).toBe(404);
  expect(await typeOf(`${returned}/returns`, json({ items: [] }))).toBe('urn:tillstream:problem:invalid-content');
  const { headers: _, ...withoutKey } = json({ items: good.items });
  const init = { ...withoutKey, headers: { 'Content-Type': 'application/json' } };
  expect(await typeOf(`${returned}/returns`, init)).toBe(400);
});

test.each([[''], ['  '], ['00000000-0000-0000-0000-000000000000'], [null]])(
  'the customer id %j is no customer',
  async (customer_id) => {
    const answer = await post({ ...good, customer_id });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ customer_id: null, customer: null });
  },
);

test('the number of a card is a customer like any other', async () => {
  const buy = async (customer_id: string) => (await post({ ...good, customer_id })).json();
  const { customer_id } = purchaseResponse.parse(await buy('card 4711'));
  expect(await buy(' card 4711')).toMatchObject({ customer_id, customer: { purchases: 2, loyal: false } });
  expect(await buy(customer_id?.toUpperCase() ?? '')).toMatchObject({ customer_id, customer: { purchases: 3 } });
  expect(await (await request(`/v1/customers/card%204711`)).json()).toMatchObject({ customer_id, purchases: 3 });
});

test('a sale of more than a year ago is recorded, and a warning names its till: its clock may have died', async () => {
  const warnings: unknown[] = [];
  const own = await startApi(database.pool, { logWarning: (fields) => warnings.push(fields) });
  try {
    for (const sold_at of ['2010-01-01T00:03:00.000Z', new Date(Date.now() - 300 * 86_400_000).toISOString()]) {
      expect((await fetch(`${own.url}/v1/purchases`, json({ ...good, sold_at }))).status).toBe(201);
    }
    expect(warnings).toEqual([{ branch: 'SMKT001', sold_at: '2010-01-01T00:03:00.000Z' }]);
    const metrics = await (await fetch(`${own.url}/metrics`)).text();
    expect(metrics).toMatch(/purchases_of_long_ago_total 1\n/);
  } finally {
    own.close();
  }
});

test('catalog, branches and customers can be read', async () => {
  const products = productsResponse.parse(await (await request(`/v1/products`)).json());
  expect(products.products).toContainEqual({
    product_id: 'milk',
    name: 'Milk',
    category: '',
    unit: 'piece',
    sku: null,
    unit_price_minor: 150,
    open_price: false,
    currency: 'EUR',
    active: true,
  });
  const branches = branchesResponse.parse(await (await request(`/v1/branches`)).json());
  expect(branches.branches.map(({ branch_id }) => branch_id)).toEqual(['SMKT001', 'SMKT002']);
  const customer_id = randomUUID();
  await post({ ...good, customer_id });
  const customer = customerResponse.parse(await (await request(`/v1/customers/${customer_id}`)).json());
  expect(customer).toMatchObject({ customer_id, purchases: 1, spent_minor: 150, loyal: false, loyal_since: null });
  expect((await request(`/v1/customers/${randomUUID()}`)).status).toBe(404);
});

test('without Postgres it is alive, not ready, and a till gets 503 without waiting for its patience', async () => {
  const nowhere = connectPostgres('postgres://nobody@127.0.0.1:1/none', 'test', 1);
  const lonely = await startApi(nowhere);
  try {
    const at = lonely.url;
    expect((await fetch(`${at}/healthz`)).status).toBe(200);
    expect((await fetch(`${at}/readyz`)).status).toBe(503);
    const began = performance.now();
    const response = await fetch(`${at}/v1/purchases`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': '1' },
      body: JSON.stringify(good),
    });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(performance.now() - began).toBeLessThan(15_000);
  } finally {
    lonely.close();
    await nowhere.end();
  }
});
