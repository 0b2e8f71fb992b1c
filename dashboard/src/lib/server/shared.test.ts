import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createShared } from './shared.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

const PACE = { freshMs: 1_000, sameMarkMs: 60_000, rest: 4, background: false, timeoutMs: 5_000 };

const setUp = (pace = PACE, takesMs = 100) => {
  const state = { reads: 0, marks: 0, mark: 'a', fails: false };
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const ask = createShared(
    async (key) => {
      state.reads++;
      await wait(takesMs);
      if (state.fails) throw new Error('away');
      return `${key} ${state.reads}`;
    },
    async () => {
      state.marks++;
      return state.mark;
    },
    pace,
  );
  const answer = async (key = 'k') => {
    const promise = ask(key);
    await vi.advanceTimersByTimeAsync(takesMs);
    return promise;
  };
  return { state, ask, answer };
};

it('many who ask at once cost one read', async () => {
  const { state, ask } = setUp();
  const all = Promise.all(Array.from({ length: 200 }, () => ask('k')));
  await vi.advanceTimersByTimeAsync(100);
  expect(new Set((await all).map(({ value }) => value))).toEqual(new Set(['k 1']));
  expect(state).toMatchObject({ reads: 1, marks: 1 });
});

it('reads again only when something changed, and after a while in any case', async () => {
  const { state, answer } = setUp();
  await answer();
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await answer()).value).toBe('k 1');
  state.mark = 'b';
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await answer()).value).toBe('k 2');
  await vi.advanceTimersByTimeAsync(61_000);
  expect((await answer()).value).toBe('k 3');
});

it('keeps the last good value with its age when a read fails, and recovers', async () => {
  const { state, answer } = setUp();
  const first = await answer();
  state.fails = true;
  state.mark = 'b';
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await answer()).toEqual({ ...first, ok: false });
  state.fails = false;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await answer()).toMatchObject({ ok: true, value: 'k 3' });
});

it('rests in proportion to the length of a read, and gives the older value meanwhile', async () => {
  const { state, ask, answer } = setUp({ ...PACE, background: true }, 3_000);
  await answer();
  state.mark = 'b';
  await vi.advanceTimersByTimeAsync(11_000);
  await ask('k');
  expect(state.reads).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await ask('k')).value).toBe('k 1');
  expect(state.reads).toBe(2);
  await vi.advanceTimersByTimeAsync(3_000);
  expect((await ask('k')).value).toBe('k 2');
});

it('asks soon again after a read that failed for its length, and sooner still where nobody answers at all', async () => {
  const { state, answer } = setUp(PACE, 3_000);
  await answer();
  state.mark = 'b';
  state.fails = true;
  await vi.advanceTimersByTimeAsync(13_000);
  await answer();
  state.fails = false;
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await answer()).toMatchObject({ ok: true });

  const away = { marks: 0 };
  const silent = createShared<string>(
    async () => 'never',
    (signal) => {
      away.marks++;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
    PACE,
  );
  const waiting = silent('k');
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await waiting).toMatchObject({ ok: false });
  await vi.advanceTimersByTimeAsync(3_000);
  void silent('k');
  expect(away.marks).toBe(2);
});

it('says when nothing could ever be read', async () => {
  const { state, answer } = setUp();
  state.fails = true;
  expect(await answer()).toEqual({ ok: false, value: undefined, readAt: 0 });
});
