import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPaced } from './paced.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const slow = (milliseconds: number) => {
  const state = { reads: 0, away: false };
  const paced = createPaced(async (key: string) => {
    state.reads++;
    const read = state.reads;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (state.away) throw new Error('away');
    return `${key}${read}`;
  }, 8);
  return { state, paced };
};

it('waits for the first value only', async () => {
  const { paced } = slow(1_000);
  const first = paced('a', 'x');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await first).toEqual({ value: 'a1', settled: true });
  await vi.advanceTimersByTimeAsync(9_000);
  expect(await paced('a', 'y')).toEqual({ value: 'a1', settled: false });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await paced('a', 'y')).toEqual({ value: 'a2', settled: true });
});

it('rests in proportion to how long it took, and reads once for the same mark', async () => {
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

it('passes a failure on once and goes on with the last value after it', async () => {
  const { state, paced } = slow(10);
  state.away = true;
  const failed = expect(paced('a', 'x')).rejects.toThrow('away');
  await vi.advanceTimersByTimeAsync(10);
  await failed;
  state.away = false;
  const good = paced('a', 'x');
  await vi.advanceTimersByTimeAsync(10);
  expect((await good).settled).toBe(true);
  state.away = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await paced('a', 'y')).settled).toBe(false);
  await vi.advanceTimersByTimeAsync(10);
  await expect(paced('a', 'y')).rejects.toThrow('away');
  expect((await paced('a', 'y')).value).toBe('a2');
});
