import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createMarks } from './marks.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const { signal } = new AbortController();

/** Each reading sees the state at its beginning and takes as long as the test says. */
const shop = () => {
  const state = { mark: 'a', reads: 0, takesMs: 10 };
  const marks = createMarks(async () => {
    state.reads++;
    const { mark, takesMs } = state;
    await new Promise((resolve) => setTimeout(resolve, takesMs));
    return mark;
  });
  return { state, marks };
};

it('reads once for all who ask in one turn, and again for who comes while it is being read', async () => {
  const { state, marks } = shop();
  expect(marks.last()).toBeUndefined();
  const first = [marks.now(signal), marks.now(signal)];
  await vi.advanceTimersByTimeAsync(5);
  state.mark = 'b';
  const later = marks.now(signal);
  await vi.advanceTimersByTimeAsync(10);
  expect(await Promise.all([...first, later])).toEqual(['a', 'a', 'b']);
  expect(state.reads).toBe(2);
  expect(marks.last()).toBe('b');
});

it('keeps the one that began last, whichever ends last', async () => {
  const { state, marks } = shop();
  state.takesMs = 100;
  const slow = marks.now(signal);
  await vi.advanceTimersByTimeAsync(1);
  Object.assign(state, { mark: 'b', takesMs: 10 });
  const quick = marks.now(signal);
  await vi.advanceTimersByTimeAsync(200);
  expect([await slow, await quick, marks.last()]).toEqual(['a', 'b', 'b']);
});

it('lets go who has waited long enough, and nobody else', async () => {
  const { state, marks } = shop();
  state.takesMs = 1_000;
  const patient = marks.now(signal);
  const gone = expect(marks.now(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  await vi.advanceTimersByTimeAsync(1_000);
  await gone;
  expect(await patient).toBe('a');
});

it('fails for those who asked, not for who asks next', async () => {
  let away = true;
  const marks = createMarks(async () => {
    if (away) throw new Error('away');
    return 'a';
  });
  await expect(marks.now(signal)).rejects.toThrow('away');
  away = false;
  expect(await marks.now(signal)).toBe('a');
});
