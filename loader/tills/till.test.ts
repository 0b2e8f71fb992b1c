import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { seeded } from '../generate/random.ts';
import { type TillApi, tillApi } from './api.ts';
import { Tally } from './tally.ts';
import { type Clock, Till } from './till.ts';

const sale = z.object({
  branch_id: z.literal('SMKT001'),
  customer_id: z.uuid().optional(),
  items: z
    .array(z.object({ product_id: z.string(), quantity: z.literal(1), discount_minor: z.int().optional() }))
    .min(1),
  cashier: z.string(),
  tenders: z.array(z.object({ type: z.string(), amount_minor: z.int().positive() })).length(1),
  sold_at: z.iso.datetime(),
});

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** An API that remembers keys; `trouble` may answer (or not) in its place. */
const api = async (trouble: (request: IncomingMessage, response: ServerResponse, key: string) => boolean) => {
  const keys = new Map<string, string>();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const path = request.url ?? '';
    if (path.endsWith('/void')) {
      response.writeHead(200).end('{}');
      return;
    }
    const key = String(request.headers['idempotency-key']);
    sale.parse(JSON.parse(text));
    const known = keys.get(key);
    if (known !== undefined && known !== text) throw new Error('the same key with another body');
    keys.set(key, text);
    if (trouble(request, response, key)) return;
    response.writeHead(201, known === undefined ? {} : { 'idempotent-replayed': 'true' });
    response.end(JSON.stringify({ purchase_id: key }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, keys };
};

const PRODUCTS = ['milk', 'bread'].map((product_id) => {
  return { product_id, unit: 'piece' as const, unit_price_minor: 150 };
});

const till = (api: string | TillApi, rate: number, clock?: Clock) => {
  const tally = new Tally();
  const options = {
    branch: 'SMKT001',
    channel: 'pos' as const,
    products: () => PRODUCTS,
    rate: () => rate,
    mostRate: rate,
    shopTime: () => Date.UTC(2026, 10, 20, 12),
    seed: 1,
    customers: 10,
    random: seeded(1),
    clock,
  };
  const sells = new Till(options, typeof api === 'string' ? tillApi(api, undefined) : api, tally);
  const closing = new AbortController();
  const stop = new AbortController();
  return { sells, tally, closing, stop, running: sells.run(closing.signal, stop.signal) };
};

test('sells at about its rate, voids and repeats some, and sends all before it closes', async () => {
  const keys = new Set<string>();
  let voids = 0;
  const post: TillApi['post'] = async (_path, _body, key) => {
    const replayed = key !== undefined && keys.has(key);
    if (key === undefined) voids++;
    else keys.add(key);
    return { status: key === undefined ? 200 : 201, body: { purchase_id: key }, replayed, latency: 1 };
  };
  // Fifty seconds on a clock of its own, which goes on when somebody sleeps.
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      if (now >= 50_000) closing.abort();
      await setImmediate();
    },
  };
  const { tally, closing, sells, running } = till({ ...tillApi('http://127.0.0.1', undefined), post }, 100, clock);
  await running;
  expect(sells.waiting).toBe(0);
  expect(tally.posted).toBe(keys.size);
  // Five times what independent customers deviate by: their number is its own variance.
  expect(Math.abs(tally.posted - 5_000)).toBeLessThan(5 * Math.sqrt(5_000));
  expect(tally.replayed).toBeGreaterThan(0);
  expect(tally.voided).toBeGreaterThan(0);
  expect(tally.voided).toBe(voids);
  expect(tally.line(0)).toMatch(
    /^\d+ posted, \d+ replayed, 0 retried, 0 refused, \d+ voided, 0 waiting, p50 [\d.]+ ms, p95/,
  );
});

test('an API that fails, or answers and is not heard, gets the same key and body until it has answered', {
  timeout: 60_000,
}, async () => {
  const tried = new Map<string, number>();
  const server = await api((request, response, key) => {
    const times = (tried.get(key) ?? 0) + 1;
    tried.set(key, times);
    if (times > 2) return false;
    if (times === 2) request.socket.destroy();
    else response.writeHead(tried.size % 2 === 0 ? 503 : 429).end();
    return true;
  });
  const { tally, closing, running } = till(server.url, 20);
  // One sale is enough to begin with; what was sold meanwhile is sent before the till closes.
  await vi.waitUntil(() => server.keys.size > 0, 30_000);
  closing.abort();
  await running;
  // Recorded at the first try, as far as this server is concerned: every sale came three times and counts once.
  expect([...tried.values()].every((times) => times >= 3)).toBe(true);
  expect(tally.posted + tally.replayed).toBeGreaterThanOrEqual(server.keys.size);
  expect(tally.retried).toBe(2 * server.keys.size);
});

test('a refused sale is counted and not sent again', async () => {
  const server = await api((_, response) => {
    response.writeHead(422).end(JSON.stringify({ title: 'No', detail: 'unknown branch' }));
    return true;
  });
  const { tally, closing, running } = till(server.url, 100);
  await vi.waitUntil(() => server.keys.size > 2, 15_000);
  closing.abort();
  await running;
  expect(tally).toMatchObject({ posted: 0, refused: server.keys.size, lastRefusal: '422 unknown branch' });
});

test('stops at once although the API hangs, and knows what it could not send', async () => {
  const server = await api(() => true);
  const { sells, closing, stop, running } = till(server.url, 100);
  await vi.waitUntil(() => sells.waiting > 0, 15_000);
  closing.abort();
  stop.abort();
  // The API never answers: it ends only because it was told to.
  await running;
  expect(sells.waiting).toBeGreaterThan(0);
});
