import { afterEach, expect, test, vi } from 'vitest';
import { UnavailableError } from '../postgres/database.ts';
import type { PurchaseAnswer, PurchaseCheck, PurchaseInput } from '../record-purchases.ts';
import { CommitQueue, QueueFullError, type RecordBatch } from './queue.ts';

const LIMITS = { batch: 4, eager: 3, inFlight: 1, waiting: 6, patienceMs: 60_000 };
const input = (key: string): PurchaseInput => ({
  idempotency_key: key,
  credential: 'till',
  fingerprint: '00',
  branch_id: 'B',
  customer_id: null,
  sold_at: null,
  items: ['milk'],
});
const answerFor = ({ idempotency_key }: PurchaseInput | PurchaseCheck): PurchaseAnswer => ({
  outcome: 'recorded',
  purchase_id: idempotency_key ?? '',
  body: '',
});

/** A database whose transactions end when the test says so. */
const manual = () => {
  const batches: string[][] = [];
  const finish: (() => void)[] = [];
  const record: RecordBatch = (batch) => {
    batches.push(batch.map((one) => one.idempotency_key ?? ''));
    return new Promise((resolve) => finish.push(() => resolve(batch.map(answerFor))));
  };
  return { batches, finish, record };
};
afterEach(() => {
  vi.useRealTimers();
});
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('what arrives together shares a transaction; what arrives meanwhile shares the next', async () => {
  const { batches, finish, record } = manual();
  const queue = new CommitQueue(record, LIMITS);
  const answers = ['a', 'b'].map((key) => queue.submit(input(key)));
  await turn();
  answers.push(...['c', 'd', 'e', 'f', 'g'].map((key) => queue.submit(input(key))));
  await turn();
  expect(batches).toEqual([['a', 'b']]);
  finish[0]?.();
  await turn();
  expect(batches).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e', 'f'],
  ]);
  finish[1]?.();
  await turn();
  finish[2]?.();
  const ids = (await Promise.all(answers)).map((answer) => (answer.outcome === 'recorded' ? answer.purchase_id : ''));
  expect(ids).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
});

test('past its limit the queue refuses at once', async () => {
  const { record, finish } = manual();
  const queue = new CommitQueue(record, { ...LIMITS, eager: 1 });
  const accepted = Array.from({ length: 7 }, (_, n) => queue.submit(input(String(n))));
  await expect(queue.submit(input('late'))).rejects.toBeInstanceOf(QueueFullError);
  for (let n = 0; n < 3; n++) {
    finish[n]?.();
    await turn();
  }
  await Promise.all(accepted);
});

test('an error fails the purchases of its transaction and no others', async () => {
  let calls = 0;
  const queue = new CommitQueue((batch) => {
    calls += 1;
    return calls === 1 ? Promise.reject(new Error('gone')) : Promise.resolve(batch.map(answerFor));
  }, LIMITS);
  const first = queue.submit(input('a'));
  await expect(first).rejects.toThrow('gone');
  await expect(queue.submit(input('b'))).resolves.toMatchObject({ purchase_id: 'b' });
});

test('when Postgres does not answer tills are told in time, and what only waited is not recorded later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { batches, finish, record } = manual();
  const queue = new CommitQueue(record, { ...LIMITS, patienceMs: 20 });
  const sent = queue.submit(input('sent'));
  await turn();
  const waited = queue.submit(input('waited'));
  vi.advanceTimersByTime(20);
  await expect(sent).rejects.toBeInstanceOf(UnavailableError);
  await expect(waited).rejects.toBeInstanceOf(UnavailableError);
  const next = queue.submit(input('next'));
  finish[0]?.();
  await turn();
  finish[1]?.();
  expect(batches).toEqual([['sent'], ['next']]);
  await expect(next).resolves.toMatchObject({ purchase_id: 'next' });
});
