import { beforeEach, describe, expect, it } from 'vitest';
import { keepSale, type QueuedSale, queuedSales, type SaleStorage, type Sent, sendQueued } from './queue.ts';
import { sendSale } from './send.ts';

const memory = (): SaleStorage => {
  const kept = new Map<string, string>();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  };
};
const sale = (key: string, minute: number): QueuedSale => ({
  key,
  body: {
    branch_id: 'A',
    items: [{ product_id: 'milk', quantity: 1 }],
    sold_at: `2026-11-20T10:0${minute}:00.000Z`,
  },
  total_minor: 150,
});
const receipt = {
  purchase_id: '00000000-0000-4000-8000-000000000001',
  receipt_number: null,
  branch_id: 'A',
  customer_id: null,
  sold_at: '2026-11-20T10:00:00.000Z',
  items: [],
  discount_minor: 0,
  total_minor: 150,
  currency: 'EUR',
  customer: null,
};

let storage: SaleStorage;
beforeEach(() => {
  storage = memory();
  storage.setItem('something else', 'not a sale');
  storage.setItem('tillstream.sale.broken', '{');
  keepSale(storage, sale('second', 2));
  keepSale(storage, sale('first', 1));
});

describe('the queue of a till', () => {
  it('sends in the order of the sales and forgets what is recorded', async () => {
    const sent: string[] = [];
    const all = await sendQueued(
      storage,
      async ({ key }) => {
        sent.push(key);
        return { kind: 'recorded', receipt };
      },
      () => {},
    );
    expect(all).toBe(true);
    expect(sent).toEqual(['first', 'second']);
    expect(queuedSales(storage)).toEqual([]);
  });

  it('waits at the first that gets no answer, and keeps key and content as they are', async () => {
    const before = queuedSales(storage);
    const answers: Sent[] = [{ kind: 'recorded', receipt }, { kind: 'later' }];
    expect(
      await sendQueued(
        storage,
        async () => answers.shift() ?? { kind: 'later' },
        () => {},
      ),
    ).toBe(false);
    expect(queuedSales(storage)).toEqual(before.slice(1));
  });

  it('keeps a refused sale with its reason and never sends it again', async () => {
    const settled: string[] = [];
    await sendQueued(
      storage,
      async () => ({ kind: 'refused', reason: 'no such product' }),
      ({ key }, { kind }) => settled.push(`${key} ${kind}`),
    );
    expect(settled).toEqual(['first refused', 'second refused']);
    expect(queuedSales(storage).map(({ refused }) => refused)).toEqual(['no such product', 'no such product']);
    await sendQueued(
      storage,
      () => Promise.reject(new Error('sent again')),
      () => {},
    );
  });
});

describe('sending a sale', () => {
  const answer = (status: number, body: unknown) => async () => Response.json(body, { status });

  it('reads what became of it', async () => {
    expect(await sendSale(sale('k', 1), answer(201, receipt))).toEqual({ kind: 'recorded', receipt });
    const problem = {
      type: 'x',
      title: 'Wrong',
      status: 422,
      errors: [{ pointer: '#/items/0', detail: 'unknown product' }],
    };
    expect(await sendSale(sale('k', 1), answer(422, problem))).toEqual({ kind: 'refused', reason: 'unknown product' });
    expect(await sendSale(sale('k', 1), answer(400, 'nonsense'))).toEqual({ kind: 'refused', reason: '400' });
  });

  it.each([401, 429, 500, 502, 503])('sends again later on %i', async (status) => {
    expect(await sendSale(sale('k', 1), answer(status, {}))).toEqual({ kind: 'later' });
  });

  it('sends again later without an answer, or with one that is no receipt', async () => {
    expect(await sendSale(sale('k', 1), () => Promise.reject(new TypeError('offline')))).toEqual({ kind: 'later' });
    expect(await sendSale(sale('k', 1), answer(200, { from: 'a captive portal' }))).toEqual({ kind: 'later' });
  });
});
