import { expect, test } from 'vitest';
import { OutboxNotifier } from './notifier.ts';

/** A database whose statements end when they are told to. */
const held = () => {
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const query = () => new Promise<void>((resolve, reject) => ends.push({ resolve, reject }));
  return { ends, query };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a commit is told at once; what was committed while that was under way is told once, after it', async () => {
  const { ends, query } = held();
  const notifier = new OutboxNotifier({ query });
  notifier.notify();
  expect(ends).toHaveLength(1);
  for (let n = 0; n < 5; n++) notifier.notify();
  await turn();
  expect(ends).toHaveLength(1);
  ends[0]?.resolve();
  await turn();
  expect(ends).toHaveLength(2);
  ends[1]?.resolve();
  await notifier.settled();
  await turn();
  expect(ends).toHaveLength(2);
});

test('one that failed is left to the poll of the relays, and the next goes out', async () => {
  const { ends, query } = held();
  const notifier = new OutboxNotifier({ query });
  notifier.notify();
  ends[0]?.reject(new Error('no database'));
  await notifier.settled();
  notifier.notify();
  expect(ends).toHaveLength(2);
  ends[1]?.resolve();
  await notifier.settled();
});

test('nothing to tell: settled at once', async () => {
  await new OutboxNotifier(held()).settled();
});
