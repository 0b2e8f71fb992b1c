import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createShared } from './shared.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

const AS_IT_IS = { freshMs: 0, rest: 0, background: false, timeoutMs: 10_000 };
const IN_BACKGROUND = { freshMs: 1_000, rest: 4, background: true, timeoutMs: 10_000 };

const setUp = (pace = AS_IT_IS, takesMs = 100) => {
  const state = { reads: 0, fails: false, takesMs };
  const ask = createShared(async (key) => {
    state.reads++;
    const { reads } = state;
    await new Promise((resolve) => setTimeout(resolve, state.takesMs));
    if (state.fails) throw new Error('away');
    return `${key} ${reads}`;
  }, pace);
  const answer = async (key = 'k') => {
    const promise = ask(key);
    await vi.advanceTimersByTimeAsync(state.takesMs);
    return promise;
  };
  return { state, ask, answer };
};

it('many who ask at once cost one read', async () => {
  const { state, ask } = setUp();
  const all = Promise.all(Array.from({ length: 200 }, () => ask('k')));
  await vi.advanceTimersByTimeAsync(100);
  expect(new Set((await all).map(({ value }) => value))).toEqual(new Set(['k 1']));
  expect(state.reads).toBe(1);
});

it('gives a good value to nobody who asks after it was read, unless its pace says so', async () => {
  const { answer } = setUp();
  expect((await answer()).value).toBe('k 1');
  expect((await answer()).value).toBe('k 2');
  const paced = setUp({ ...AS_IT_IS, freshMs: 1_000 });
  await paced.answer();
  expect((await paced.answer()).value).toBe('k 1');
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await paced.answer()).value).toBe('k 2');
});

it('keeps the last good value with its age when a read fails, and recovers', async () => {
  const { state, answer } = setUp();
  const first = await answer();
  state.fails = true;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await answer()).toEqual({ ...first, ok: false });
  state.fails = false;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await answer()).toMatchObject({ ok: true, value: 'k 3' });
});

it('rests in proportion to the length of a read, and gives the older value meanwhile', async () => {
  const { state, ask, answer } = setUp(IN_BACKGROUND, 3_000);
  await answer();
  await vi.advanceTimersByTimeAsync(11_000);
  await ask('k');
  expect(state.reads).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await ask('k')).value).toBe('k 1');
  expect(state.reads).toBe(2);
  await vi.advanceTimersByTimeAsync(3_000);
  expect((await ask('k')).value).toBe('k 2');
});

it('asks again after a read that failed for as long as that took', async () => {
  const { state, answer } = setUp(AS_IT_IS, 2_000);
  state.fails = true;
  await answer();
  expect(await answer()).toMatchObject({ ok: false });
  expect(state.reads).toBe(1);
  state.fails = false;
  expect(await answer()).toMatchObject({ ok: true });
});

it('shows the last good value, or none, to who has waited three seconds', async () => {
  const { state, ask, answer } = setUp();
  const first = await answer();
  state.takesMs = 9_000;
  const [known, other] = [ask('k'), ask('other')];
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await known).toEqual(first);
  expect(await other).toEqual({ ok: false, value: undefined, readAt: 0 });
  await vi.advanceTimersByTimeAsync(6_000);
  state.takesMs = 100;
  expect(await answer('other')).toMatchObject({ ok: true });
});

it('says when nothing could ever be read', async () => {
  const { state, answer } = setUp();
  state.fails = true;
  expect(await answer()).toEqual({ ok: false, value: undefined, readAt: 0 });
});
