import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createOncePerMark } from './once-per-mark.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('reads once for a key and mark, and again when it is old', async () => {
  const read = vi.fn(async (key: string) => `${key}${read.mock.calls.length}`);
  const once = createOncePerMark(read, 1_000);
  const { signal } = new AbortController();
  expect(await once('a', 'x', signal)).toBe('a1');
  expect(await once('a', 'x', signal)).toBe('a1');
  expect(await once('b', 'x', signal)).toBe('b2');
  expect(await once('a', 'y', signal)).toBe('a3');
  vi.advanceTimersByTime(1_000);
  expect(await once('a', 'y', signal)).toBe('a4');
});

it('remembers nothing of a read that failed', async () => {
  const read = vi.fn(async () => 'read').mockRejectedValueOnce(new Error('away'));
  const once = createOncePerMark(read, 1_000);
  const { signal } = new AbortController();
  await expect(once('a', 'x', signal)).rejects.toThrow('away');
  expect(await once('a', 'x', signal)).toBe('read');
});
