import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keptUp } from './kept-up.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('work goes on until nobody has asked for long, also after it has failed, and begins again with who asks', async () => {
  let count = 0;
  const asked = keptUp(
    async () => {
      count += 1;
      if (count === 1) throw new Error('gone');
    },
    { everyMs: 10, forMs: 35 },
  );
  await vi.advanceTimersByTimeAsync(100);
  expect(count).toBe(0);
  asked();
  await vi.advanceTimersByTimeAsync(100);
  expect(count).toBe(3);
  asked();
  await vi.advanceTimersByTimeAsync(10);
  expect(count).toBe(4);
});

test('work that takes longer than the pause is not begun twice', async () => {
  let begun = 0;
  let goOn: () => void = () => undefined;
  const asked = keptUp(
    () => {
      begun += 1;
      return new Promise<void>((resolve) => {
        goOn = resolve;
      });
    },
    { everyMs: 10, forMs: 1_000 },
  );
  asked();
  await vi.advanceTimersByTimeAsync(50);
  expect(begun).toBe(1);
  goOn();
  await vi.advanceTimersByTimeAsync(10);
  expect(begun).toBe(2);
});
