import 'fake-indexeddb/auto';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { z } from 'zod';
import { EMPTY } from '../basket/basket.ts';
import { type Sender, sendWaiting } from './queue.ts';
import type { Sale } from './sale.ts';
import { send } from './send.ts';
import { Store } from './store.ts';

let store: Store;
let name: string;
beforeEach(async () => {
  name = randomUUID();
  store = await Store.open(name);
});
afterEach(() => store.close());

const sale = (number: number): Sale => ({
  key: `key ${number}`,
  receipt_number: `A-1-${number}`,
  body: {
    branch_id: 'A',
    items: [{ product_id: 'milk', quantity: 1 }],
    sold_at: new Date(Date.UTC(2026, 10, 20, 10, 0, number)).toISOString(),
  },
  basket: EMPTY,
  printed: { branch: 'First', lines: [], discount_minor: 0, total_minor: 150, handed: [], change_minor: 0 },
  state: 'waiting',
});
const recorded = { purchase_id: '00000000-0000-4000-8000-000000000001', total_minor: 150, customer: null };
const states = async () => (await store.sales()).map(({ receipt_number, state }) => `${receipt_number} ${state}`);
const nothing = async () => {};

describe("a till's memory", () => {
  it('numbers sales without a gap and gives no number twice, in however many tabs, also after a reload', async () => {
    const other = await Store.open(name);
    const numbers: number[] = [];
    const sellIn = (tab: Store) =>
      tab.sell('A-1', (number) => {
        numbers.push(number);
        return sale(number);
      });
    await Promise.all(Array.from({ length: 30 }, (_, index) => sellIn(index % 2 ? store : other)));
    other.close();
    const reloaded = await Store.open(name);
    await sellIn(reloaded);
    expect(numbers).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
    expect(await reloaded.sales()).toHaveLength(31);
    const second = await reloaded.sell('A-2', (number) => ({ ...sale(99), receipt_number: `A-2-${number}` }));
    expect(second.receipt_number).toBe('A-2-1');
    reloaded.close();
  });

  it('uses up no number for a sale that it cannot keep', async () => {
    await store.sell('A-1', () => sale(1));
    await expect(store.sell('A-1', () => sale(1))).rejects.toThrow();
    expect((await store.sell('A-1', (number) => sale(number))).receipt_number).toBe('A-1-2');
  });

  it('lets go of what is settled long ago, never of what waits or was refused', async () => {
    for (let number = 1; number <= 210; number++) {
      const state = number === 1 ? 'waiting' : number === 2 ? 'refused' : 'recorded';
      await store.sell('A-1', () => ({ ...sale(number), state }));
    }
    await store.tidy();
    const kept = await states();
    expect(kept).toHaveLength(202);
    expect(kept.slice(0, 3)).toEqual(['A-1-1 waiting', 'A-1-2 refused', 'A-1-11 recorded']);
  });

  it('gives a held basket to one of two tabs', async () => {
    await store.hold({ id: 'h', at: '2026', name: 'Ana', basket: EMPTY });
    const other = await Store.open(name);
    const taken = await Promise.all([store.take('h'), other.take('h')]);
    other.close();
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await store.held()).toEqual([]);
  });
});

describe('what waits to be sent', () => {
  const done = { kind: 'done', body: recorded } as const;
  const sender = (replaced: Partial<Sender> = {}): Sender => ({
    sale: async () => done,
    void: async () => ({ kind: 'done', body: {} }),
    ...replaced,
  });
  beforeEach(async () => {
    await store.sell('A-1', () => sale(2));
    await store.sell('A-1', () => sale(1));
  });

  it('goes out in the order of the sales, once', async () => {
    const sent: string[] = [];
    const take = vi.fn(async ({ key }: Sale) => {
      sent.push(key);
      return done;
    });
    expect(await sendWaiting(store, sender({ sale: take }), nothing)).toBeUndefined();
    expect(await states()).toEqual(['A-1-1 recorded', 'A-1-2 recorded']);
    await sendWaiting(store, sender({ sale: take }), nothing);
    expect(sent).toEqual(['key 1', 'key 2']);
  });

  it('stops at the first that gets no answer, and keeps key and content as they are', async () => {
    const before = await store.sales();
    const take = vi.fn(async () => ({ kind: 'later' }) as const);
    expect(await sendWaiting(store, sender({ sale: take }), nothing)).toEqual({ kind: 'later' });
    expect(take).toHaveBeenCalledTimes(1);
    expect(await store.sales()).toEqual(before);
  });

  it('is not held up by a sale that the server fails on', async () => {
    const failed = { kind: 'later', reason: 'Internal error', onlyThis: true } as const;
    const take = async ({ key }: Sale) => (key === 'key 1' ? failed : done);
    expect(await sendWaiting(store, sender({ sale: take }), nothing)).toEqual(failed);
    expect(await states()).toEqual(['A-1-1 waiting', 'A-1-2 recorded']);
  });

  it('keeps a refused sale with its reason, and sends it again only when somebody says so', async () => {
    const take = vi.fn(async () => ({ kind: 'refused', reason: 'no such product' }) as const);
    await sendWaiting(store, sender({ sale: take }), nothing);
    await sendWaiting(store, sender({ sale: take }), nothing);
    expect(take).toHaveBeenCalledTimes(2);
    expect((await store.sales()).map(({ refused }) => refused)).toEqual(['no such product', 'no such product']);
    await store.change('key 1', (kept) => ({ ...kept, state: 'waiting' }));
    await sendWaiting(store, sender(), nothing);
    expect(await store.sales()).toMatchObject([{ state: 'recorded', recorded }, { state: 'refused' }]);
    expect((await store.sales())[0]).not.toHaveProperty('refused');
  });

  it('sends a sale that is void first, then its void; a void that is refused is kept with its reason', async () => {
    for (const key of ['key 1', 'key 2']) {
      await store.change(key, (kept) => ({ ...kept, void: { reason: 'Wrong item', state: 'waiting' } }));
    }
    const calls: string[] = [];
    const parts = sender({
      sale: async ({ key }) => {
        calls.push(`sale ${key}`);
        return done;
      },
      void: async ({ key, void: taken }, id) => {
        calls.push(`void ${key} ${taken?.reason} ${id.length}`);
        return key === 'key 1' ? { kind: 'done', body: {} } : { kind: 'refused', reason: 'something was returned' };
      },
    });
    await sendWaiting(store, parts, nothing);
    expect(calls).toEqual(['sale key 1', 'void key 1 Wrong item 36', 'sale key 2', 'void key 2 Wrong item 36']);
    expect((await store.sales()).map((one) => one.void)).toEqual([
      { reason: 'Wrong item', state: 'done' },
      { reason: 'Wrong item', state: 'refused', refused: 'something was returned' },
    ]);
  });
});

describe('sending', () => {
  const answer = z.object({ total_minor: z.number() });
  const ask = (status: number, body: unknown) => async () => Response.json(body, { status });
  const sent = (asked: typeof fetch) => send('/till/purchases', answer, { body: {}, key: 'k', ask: asked });

  it('reads what became of it', async () => {
    expect(await sent(ask(201, { total_minor: 1, more: 2 }))).toEqual({ kind: 'done', body: { total_minor: 1 } });
    const errors = [{ pointer: '#/items/0', detail: 'unknown product' }];
    const problem = { type: 'x', title: 'Wrong', status: 422, errors };
    expect(await sent(ask(422, problem))).toEqual({ kind: 'refused', reason: 'unknown product' });
    const forbidden = { type: 'x', title: 'Forbidden', status: 403, detail: 'another branch' };
    expect(await sent(ask(403, forbidden))).toEqual({ kind: 'refused', reason: 'another branch' });
    expect(await sent(ask(400, 'nonsense'))).toEqual({ kind: 'refused', reason: '400' });
  });

  test.each([403, 429, 502, 503])('is tried again after %i', async (status) => {
    expect(await sent(ask(status, 'x'))).toEqual({ kind: 'later', reason: `${status}` });
  });

  it('is tried again after an answer that passes, without one, or with one of somebody else', async () => {
    expect(await sent(ask(401, {}))).toEqual({ kind: 'later', loggedOut: true });
    const signIn = { type: 'urn:tillstream:problem:sign-in', title: 'Nobody is signed in', status: 401 };
    expect(await sent(ask(401, signIn))).toEqual({ kind: 'later', signedOut: true, reason: signIn.title });
    expect(await sent(ask(500, {}))).toEqual({ kind: 'later', reason: '500', onlyThis: true });
    expect(await sent(() => Promise.reject(new TypeError('offline')))).toEqual({ kind: 'later' });
    expect(await sent(ask(200, { from: 'a captive portal' }))).toEqual({ kind: 'later' });
  });
});
