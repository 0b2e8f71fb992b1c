import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { problem, purchaseResponse } from '@tillstream/schemas/api';
import fc from 'fast-check';
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

type Body = NonNullable<RequestInit['body']>;
const request = checkedFetch(() => api);
const good = { branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] };
const headers = () => ({ 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() });
const post = (body: Body, extra: Record<string, string> = {}) =>
  request('/v1/purchases', { method: 'POST', headers: { ...headers(), ...extra }, body });
const withField = (field: string, json: string) =>
  `{"branch_id":"SMKT001","items":[{"product_id":"milk","quantity":1}],"${field}":${json}}`;

test.each<[string, Body, Record<string, string>, number]>([
  ['cut off', '{"branch_id":', {}, 400],
  ['nothing', '', {}, 422],
  ['deeper than any stack', '['.repeat(60_000), {}, 400],
  ['deep and closed', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, {}, 422],
  ['deep in an unknown field', withField('x', `${'['.repeat(30_000)}${']'.repeat(30_000)}`), {}, 422],
  ['deep in a known field', withField('sold_at', `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`), {}, 422],
  ['a prototype', withField('__proto__', '{"branch_id":"SMKT002"}'), {}, 422],
  ['a number beyond all numbers', withField('sold_at', '1e999'), {}, 422],
  ['half a character', withField('customer_id', '"\\ud800"'), {}, 422],
  ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), {}, 400],
  ['too much', `{"x":"${'x'.repeat(70_000)}"}`, {}, 413],
  ['compressed', gzipSync(JSON.stringify(good)), { 'Content-Encoding': 'gzip' }, 415],
  ['an unknown encoding', JSON.stringify(good), { 'Content-Encoding': 'br2' }, 415],
  ['another charset', JSON.stringify(good), { 'Content-Type': 'application/json; charset=latin1' }, 415],
  [
    'UTF-16',
    Buffer.from(JSON.stringify(good), 'utf16le'),
    { 'Content-Type': 'application/json; charset=utf-16le' },
    415,
  ],
  ['a form', 'a=b', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415],
  ['no media type', JSON.stringify(good), { 'Content-Type': '' }, 415],
  ['nonsense as media type', JSON.stringify(good), { 'Content-Type': ';;;' }, 415],
])('a body with %s is refused', async (_what, body, extra, status) => {
  const response = await post(body, extra);
  expect(response.status).toBe(status);
  expect(problem.parse(await response.json()).detail).not.toMatch(/ at |node_modules|\.ts/);
});

test.each([
  ['branch_id', 'SMKT\ud800'],
  ['branch_id', 'SMKT\u0000'],
  ['branch_id', 'a\u0085b'],
  ['branch_id', 'x'.repeat(65)],
  ['branch_id', 7],
  ['customer_id', 'x'.repeat(65)],
  ['sold_at', '2999-01-01T00:00:00Z'],
  ['sold_at', '9999-12-31T23:59:59-23:59'],
  ['sold_at', '1999-12-31T23:59:59Z'],
  ['sold_at', '2026-13-01T00:00:00Z'],
  ['sold_at', 1_790_000_000],
  ['items', {}],
  ['items', [null]],
  ['total_minor', 5],
])('%s = %j is 422 and pointed to', async (field, value) => {
  const response = await request('/v1/purchases', json({ ...good, [field]: value }));
  expect(response.status).toBe(422);
  const { errors = [] } = problem.parse(await response.json());
  expect(errors.length).toBeGreaterThan(0);
  for (const { pointer } of errors) expect(pointer).toMatch(new RegExp(`^#/${field}`));
});

test('a clock that is 4 minutes ahead is believed, one that is an hour ahead is not', async () => {
  const ahead = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  expect((await request('/v1/purchases', json({ ...good, sold_at: ahead(4) }))).status).toBe(201);
  expect((await request('/v1/purchases', json({ ...good, sold_at: ahead(60) }))).status).toBe(422);
});

test('a list that is too long, and faults without end, are named without end neither in time nor in size', async () => {
  const items = Array.from({ length: 30_000 }, () => 0);
  const long = await request('/v1/purchases', json({ ...good, items }));
  expect(long.status).toBe(422);
  const text = await long.text();
  expect(text.length).toBeLessThan(50_000);
  expect(text).toContain('there are more than 200 items');
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`f${n}`, 1]));
  const many = problem.parse(await (await request('/v1/purchases', json({ ...good, ...fields }))).json());
  expect(many.errors).toHaveLength(100);
  expect(many.detail).toContain('the first 100 of 5000 faults');
});

test.each([
  ['GET', '/v1/purchases/%', 400],
  ['GET', '/v1/products/%E0%A4%A', 400],
  ['GET', '/v1/products/%ff', 400],
  ['GET', '/v1/products/a%00b', 404],
  ['GET', '/v1/products/..%2f..%2fetc', 404],
  ['GET', '/v1/customers/1%20or%201', 404],
  ['GET', '/nothing', 404],
  ['GET', '/docs/../package.json', 404],
  ['GET', '/docs/nothing.js', 404],
])('%s %s is %i', async (method, path, status) => {
  const response = await fetch(api.url + path, { method });
  expect(response.status).toBe(status);
  expect(problem.parse(await response.json()).status).toBe(status);
});

test.each([
  ['DELETE', '/v1/purchases', 'POST, GET, HEAD'],
  ['PUT', `/v1/purchases/${randomUUID()}`, 'GET, HEAD'],
  ['DELETE', '/v1/products', 'GET, HEAD, POST'],
  ['OPTIONS', '/v1/products', 'GET, HEAD, POST'],
  ['POST', '/healthz', 'GET, HEAD'],
])('%s %s is 405 and says what is possible', async (method, path, allow) => {
  const response = await fetch(api.url + path, { method });
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
  expect(response.headers.get('content-type')).toMatch('application/problem+json');
});

/** Sends bytes as they are and reads until the server closes. */
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });

test.each([
  ['what is not HTTP', 'HELLO\r\n\r\n', 400],
  ['headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
  ['headers that never end', 'GET / HTTP/1.1\r\nHost: localhost\r\n', 408],
  [
    'a body that never ends',
    'POST /v1/purchases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: 1\r\nContent-Length: 99\r\n\r\n{',
    408,
  ],
])('%s is answered and hung up on', async (_what, bytes, status) => {
  const answer = await raw(bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain('application/problem+json');
});

test('two keys are none, and a key in a body that was cut off records nothing', async () => {
  const body = JSON.stringify(good);
  const lines = `Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  const answer = await raw(
    `POST /v1/purchases HTTP/1.1\r\n${lines}Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n${body}`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  const cut = randomUUID();
  const socket = net.connect(Number(new URL(api.url).port), '127.0.0.1');
  socket.end(`POST /v1/purchases HTTP/1.1\r\n${lines}Idempotency-Key: ${cut}\r\n\r\n${body.slice(0, 20)}`);
  await new Promise((resolve) => socket.on('close', resolve).resume());
  const { rowCount } = await database.pool.query('select from purchases where idempotency_key = $1', [cut]);
  expect(rowCount).toBe(0);
});

test('the id of a request is taken when it is sound, else made, and goes with the sale into its event', async () => {
  const own = await request('/v1/purchases', json(good, { 'X-Request-Id': 'till-7:42' }));
  expect(own.headers.get('x-request-id')).toBe('till-7:42');
  const { purchase_id } = purchaseResponse.parse(await own.json());
  const { rows } = await database.pool.query(
    'select request_id, payload::json from purchases join outbox on key = purchase_id::text where purchase_id = $1',
    [purchase_id],
  );
  expect(rows).toMatchObject([{ request_id: 'till-7:42', payload: { requestid: 'till-7:42' } }]);
  const replaced = await request('/v1/products', { headers: { 'X-Request-Id': 'a b\tc' } });
  expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('fifty at once with one key are one purchase and one answer', async () => {
  const init = json({ ...good, customer_id: randomUUID() });
  const other = await startApi(database.pool);
  try {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => fetch(`${n % 2 ? api.url : other.url}/v1/purchases`, init)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === null)).toHaveLength(1);
  } finally {
    other.close();
  }
});

const anything = fc.oneof(
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('\ud800', '\u0000', '', 'SMKT001', 'milk', -1, 2 ** 53, 1e308, '2026-01-01T00:00:00Z', null, [], {}),
);
const item = fc.record(
  { product_id: fc.oneof(fc.constant('milk'), anything), quantity: fc.oneof(fc.constant(1), anything) },
  { requiredKeys: [] },
);
const body = fc.oneof(
  { weight: 1, arbitrary: anything },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        branch_id: fc.oneof(fc.constant('SMKT001'), anything),
        customer_id: fc.oneof(fc.uuid(), anything),
        items: fc.oneof(fc.array(fc.oneof(item, anything), { maxLength: 5 }), anything),
        sold_at: fc.oneof(
          fc.date({ noInvalidDate: true }).map((moment) => moment.toISOString()),
          anything,
        ),
        extra: anything,
      },
      { requiredKeys: [] },
    ),
  },
);

test('whatever a body holds, it is recorded or refused with reasons, never a fault of the API', async () => {
  await fc.assert(
    fc.asyncProperty(body, fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 30 }), async (value, key) => {
      const name = /^[\x21-\x7e]+$/.test(key) ? `${key}-${randomUUID()}` : randomUUID();
      const response = await request('/v1/purchases', json(JSON.stringify(value), { 'Idempotency-Key': name }));
      expect([201, 422]).toContain(response.status);
      if (response.status === 422) expect(problem.parse(await response.json()).errors?.length).toBeGreaterThan(0);
    }),
    { numRuns: 400 },
  );
});

test('whatever bytes a body and a path hold, the answer is theirs to mend', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      async (bytes, id) => {
        expect((await post(Buffer.from(bytes))).status).toBeLessThan(500);
        expect((await fetch(`${api.url}/v1/products/${encodeURIComponent(id)}`)).status).toBeLessThan(500);
      },
    ),
    { numRuns: 150 },
  );
});

test('a web page of another site, by an image, a form or DNS rebinding, neither sells, voids nor reads', async () => {
  const sold = purchaseResponse.parse(await (await post(JSON.stringify(good))).json());
  const sale = JSON.stringify(good);
  const attacks: [string, string, Record<string, string>, string?][] = [
    ['POST', '/v1/purchases', { ...headers(), Host: 'evil.example' }, sale],
    ['POST', '/v1/purchases', { ...headers(), Host: 'evil.example', Origin: 'http://evil.example' }, sale],
    ['POST', '/v1/purchases', { ...headers(), Origin: 'https://evil.example' }, sale],
    ['POST', `/v1/purchases/${sold.purchase_id}/void`, { 'Sec-Fetch-Site': 'cross-site' }],
    ['POST', `/v1/purchases/${sold.purchase_id}/void`, { Origin: 'null' }],
    ['GET', `/v1/purchases/${sold.purchase_id}`, { Host: 'localhost.evil.example' }],
    ['GET', '/v1/products', { 'Sec-Fetch-Site': 'cross-site' }],
    ['GET', '/metrics', { Host: 'evil.example' }],
    ['GET', '/healthz', { Host: 'evil.example' }],
    ['GET', '/docs', { Host: 'evil.example' }],
  ];
  for (const [method, path, given, body] of attacks) {
    expect(await statusOf(method, path, given, body), `${method} ${path}`).toBe(403);
  }
  const purchase = await (await request(`/v1/purchases/${sold.purchase_id}`)).json();
  expect(purchase).toMatchObject({ status: 'recorded' });
  expect(await statusOf('GET', '/v1/products', { Host: 'localhost', Origin: 'http://localhost:3000' })).toBe(200);
});

test('behind a proxy it is asked by the names of the operator', async () => {
  const proxied = await startApi(database.pool, { anyHost: true });
  expect(await statusOf('GET', '/v1/products', { Host: 'shop.example' }, '', proxied)).toBe(200);
  expect(await statusOf('GET', '/v1/products', { 'Sec-Fetch-Site': 'cross-site' }, '', proxied)).toBe(403);
  proxied.close();
});

/** The status of a request with headers that `fetch` keeps for itself, such as Host. */
const statusOf = async (method: string, path: string, given: Record<string, string>, body = '', to = api) => {
  const sent = http.request(to.url + path, { method, headers: given, agent: false }).end(body);
  const [response]: [http.IncomingMessage] = await once(sent, 'response').then(([first]) => [first]);
  response.resume();
  return response.statusCode;
};
