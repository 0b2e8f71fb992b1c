import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPaced } from './paced.ts';

const NOW = 1_000_000;
beforeEach(() => vi.useFakeTimers({ now: NOW }));
afterEach(() => vi.useRealTimers());

const slow = (milliseconds: number, pauses = { own: 8, all: 0, ownMostMs: 60_000 }) => {
  const state = { reads: 0, away: false };
  const paced = createPaced(async (key: string) => {
    state.reads++;
    const read = state.reads;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (state.away) throw new Error('away');
    return `${key}${read}`;
  }, pauses);
  return { state, paced };
};

it('waits for the first value only', async () => {
  const { paced } = slow(1_000);
  const first = paced('a', 'x');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await first).toEqual({ value: 'a1' });
  await vi.advanceTimersByTimeAsync(9_000);
  expect(await paced('a', 'y')).toEqual({ value: 'a1', behindSince: NOW + 10_000 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await paced('a', 'y')).toEqual({ value: 'a2' });
});

it('pauses in proportion to how long it took, and reads once for the same version', async () => {
  const { state, paced } = slow(1_000);
  for (let i = 0; i < 100; i++) {
    void paced('a', `${i}`);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(state.reads).toBeLessThanOrEqual(5);
  await vi.advanceTimersByTimeAsync(10_000);
  await paced('a', 'end');
  await vi.advanceTimersByTimeAsync(2_000);
  const { reads } = state;
  await paced('a', 'end');
  expect(state.reads).toBe(reads);
});

it('tells since when changes are missing', async () => {
  const { paced } = slow(1_000);
  void paced('a', 'x');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await paced('a', 'x')).toEqual({ value: 'a1' });
  // Read for y; what came during that read may be missing.
  void paced('a', 'y');
  await vi.advanceTimersByTimeAsync(500);
  expect(await paced('a', 'z')).toEqual({ value: 'a1', behindSince: NOW + 20_000 });
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await paced('a', 'z')).toEqual({ value: 'a2', behindSince: NOW + 20_000 });
  await vi.advanceTimersByTimeAsync(6_000);
  void paced('a', 'z');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await paced('a', 'z')).toEqual({ value: 'a3' });
});

it('pauses no longer than it may', async () => {
  const { paced } = slow(1_000, { own: 8, all: 0, ownMostMs: 500 });
  void paced('a', 'x');
  await vi.advanceTimersByTimeAsync(1_500);
  void paced('a', 'y');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await paced('a', 'y')).toEqual({ value: 'a2' });
});

it('passes a failure on once and goes on with the last value after it', async () => {
  const { state, paced } = slow(10);
  state.away = true;
  const failed = expect(paced('a', 'x')).rejects.toThrow('away');
  await vi.advanceTimersByTimeAsync(10);
  await failed;
  state.away = false;
  const good = paced('a', 'x');
  await vi.advanceTimersByTimeAsync(10);
  expect((await good).behindSince).toBeUndefined();
  state.away = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await paced('a', 'y')).behindSince).toBe(Date.now());
  await vi.advanceTimersByTimeAsync(10);
  await expect(paced('a', 'y')).rejects.toThrow('away');
  expect((await paced('a', 'y')).value).toBe('a2');
});

it('reads many keys one at a time and in turn, within a share of the time for all of them', async () => {
  const { state, paced } = slow(100, { own: 16, all: 7, ownMostMs: 60_000 });
  const keys = ['a', 'b', 'c', 'd', 'e'];
  for (const key of keys) void paced(key, 'first');
  await vi.advanceTimersByTimeAsync(100);
  expect(state.reads).toBe(5);
  const seen = new Map(keys.map((key) => [key, new Set<string>()]));
  for (let i = 0; i < 500; i++) {
    for (const key of keys) void paced(key, `${i}`).then(({ value }) => seen.get(key)?.add(value));
    await vi.advanceTimersByTimeAsync(20);
  }
  // 10 s in pieces of 100 ms reading and 700 ms pause.
  expect(state.reads - 5).toBeGreaterThanOrEqual(11);
  expect(state.reads - 5).toBeLessThanOrEqual(13);
  for (const key of keys) expect(seen.get(key)?.size).toBeGreaterThanOrEqual(3);
});
