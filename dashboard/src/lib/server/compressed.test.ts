import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compressed } from './compressed.ts';

const LONG = 'a shop '.repeat(1_000);
const asker = (accepts?: string) =>
  new Request('http://localhost/', accepts === undefined ? {} : { headers: { 'accept-encoding': accepts } });
const page = (body: string, headers: Record<string, string> = {}) =>
  new Response(body, { status: 201, headers: { 'content-type': 'text/html; charset=utf-8', ...headers } });

test('a page is compressed for who takes it and says so', async () => {
  const response = await compressed(asker('br, gzip'), page(LONG, { etag: '"1"', vary: 'accept' }));
  expect(response.status).toBe(201);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-encoding': 'gzip',
    vary: 'accept, accept-encoding',
    etag: 'W/"1"',
  });
  expect(gunzipSync(await response.arrayBuffer()).toString()).toBe(LONG);
});

test.each([
  ['nobody asks for it', asker(), page(LONG)],
  ['gzip is refused', asker('br, gzip;q=0'), page(LONG)],
  ['it is small', asker('gzip'), page('a shop')],
])('a page stays as it is when %s', async (_, request, response) => {
  const text = await response.clone().text();
  const answer = await compressed(request, response);
  expect(answer.headers.get('content-encoding')).toBeNull();
  expect(await answer.text()).toBe(text);
});

test('a live stream is handed on as it is', async () => {
  const stream = page(LONG, { 'content-type': 'text/event-stream' });
  expect(await compressed(asker('gzip'), stream)).toBe(stream);
});
