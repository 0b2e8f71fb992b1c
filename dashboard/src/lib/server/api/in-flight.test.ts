import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createInFlight } from './in-flight.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

const { signal } = new AbortController();

/** A figure that is read as it was when its reading began, and that takes as long as the test says. */
const shop = (takesMs = 100) => {
  const state = { figure: 'a', reads: 0, cancelled: 0, takesMs };
  const inFlight = createInFlight<string>(1_000);
  const ask = (key = 'k', by = signal) =>
    inFlight(
      key,
      async (cancel) => {
        state.reads++;
        cancel.addEventListener('abort', () => state.cancelled++);
        const found = `${key} ${state.figure}`;
        await new Promise((resolve) => setTimeout(resolve, state.takesMs));
        if (state.figure === 'away') throw new Error('away');
        return found;
      },
      by,
    );
  return { state, ask };
};

it('reads once for all who ask the same at the same moment, and keeps nothing after it', async () => {
  const { state, ask } = shop();
  const together = Promise.all([ask(), ask(), ask('other')]);
  await vi.advanceTimersByTimeAsync(100);
  expect(await together).toEqual(['k a', 'k a', 'other a']);
  expect(state.reads).toBe(2);
  state.figure = 'b';
  const later = ask();
  await vi.advanceTimersByTimeAsync(100);
  expect(await later).toBe('k b');
});

it('begins anew for who asks long after a slow reading began', async () => {
  const { state, ask } = shop(5_000);
  const slow = ask();
  await vi.advanceTimersByTimeAsync(1_000);
  state.figure = 'b';
  const late = ask();
  await vi.advanceTimersByTimeAsync(5_000);
  expect([await slow, await late]).toEqual(['k a', 'k b']);
});

it('fails for those who asked, not for who asks next', async () => {
  const { state, ask } = shop();
  state.figure = 'away';
  const failed = Promise.allSettled([ask(), ask()]);
  await vi.advanceTimersByTimeAsync(100);
  expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  state.figure = 'b';
  const good = ask();
  await vi.advanceTimersByTimeAsync(100);
  expect(await good).toBe('k b');
});

it('lets go who has left, and cancels a reading only when all have', async () => {
  const { state, ask } = shop(1_000);
  const [one, two] = [new AbortController(), new AbortController()];
  const both = Promise.allSettled([ask('k', one.signal), ask('k', two.signal)]);
  await vi.advanceTimersByTimeAsync(10);
  one.abort(new Error('gone'));
  await vi.advanceTimersByTimeAsync(10);
  expect(state.cancelled).toBe(0);
  two.abort(new Error('gone'));
  await both;
  expect(state.cancelled).toBe(1);
  // Who asks now does not join what was cancelled.
  const next = ask();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await next).toBe('k a');
  expect(state.reads).toBe(2);
});
