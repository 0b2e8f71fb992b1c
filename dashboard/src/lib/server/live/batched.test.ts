import { expect, it, vi } from 'vitest';
import { createBatched } from './batched.ts';

const signal = () => new AbortController().signal;

it('reads once for all who ask in one turn', async () => {
  const read = vi.fn(async (keys: string[]) => new Map(keys.map((key) => [key, key.toUpperCase()])));
  const batched = createBatched(read);
  const one = signal();
  expect(await Promise.all([batched('a', one), batched('b', one), batched('a', one)])).toEqual(['A', 'B', 'A']);
  expect(read.mock.calls).toEqual([[['a', 'b'], one]]);
  expect(await batched('c', one)).toBe('C');
  expect(read).toHaveBeenCalledTimes(2);
});

it('keeps apart who may give up at other times', async () => {
  const read = vi.fn(async (keys: string[]) => new Map(keys.map((key) => [key, key])));
  const batched = createBatched(read);
  await Promise.all([batched('a', signal()), batched('a', signal())]);
  expect(read).toHaveBeenCalledTimes(2);
});

it('fails for all of them, and not for those after', async () => {
  const read = vi.fn(async (keys: string[]) => new Map(keys.map((key) => [key, key])));
  read.mockRejectedValueOnce(new Error('away'));
  const batched = createBatched(read);
  const one = signal();
  const settled = await Promise.allSettled([batched('a', one), batched('b', one)]);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await batched('a', one)).toBe('a');
});
