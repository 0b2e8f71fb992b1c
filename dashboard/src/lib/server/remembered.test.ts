import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Marks } from './marks.ts';
import { createRemembered } from './remembered.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

const { signal } = new AbortController();

/** A figure that changes with its mark; `seen` is what others have seen of the mark. */
const shop = (mostCharacters = 1_000) => {
  const state = { mark: 'a', seen: undefined as string | undefined, looks: 0, reads: 0 };
  const marks: Marks = {
    now: async () => {
      state.looks++;
      state.seen = state.mark;
      return state.mark;
    },
    last: () => state.seen,
  };
  const remembered = createRemembered({ sameMs: 60_000, mostCharacters });
  const ask = (key = 'k', length = 0) =>
    remembered(
      key,
      marks,
      async () => {
        state.reads++;
        return `${key} at ${state.mark}`.padEnd(length);
      },
      signal,
    );
  return { state, ask };
};

it('gives an answer again only while nothing has changed', async () => {
  const { state, ask } = shop();
  await ask();
  await ask();
  expect(await ask()).toBe('k at a');
  const { reads } = state;
  await ask();
  expect(state.reads).toBe(reads);
  state.mark = 'b';
  expect(await ask()).toBe('k at b');
  expect(await ask()).toBe('k at b');
  expect(state.reads).toBe(reads + 1);
});

it('never gives what was there before a change, whoever saw which mark', async () => {
  const { state, ask } = shop();
  for (const mark of ['a', 'a', 'b', 'b', 'b', 'c', 'c', 'd']) {
    state.mark = mark;
    expect(await ask()).toBe(`k at ${mark}`);
    state.seen = mark;
    expect(await ask()).toBe(`k at ${mark}`);
  }
});

it('asks for the mark first, unless somebody saw a new one already', async () => {
  const { state, ask } = shop();
  state.seen = 'a';
  await ask();
  expect(state).toMatchObject({ looks: 0, reads: 1 });
  await ask();
  expect(state).toMatchObject({ looks: 1, reads: 1 });
  state.mark = 'b';
  state.seen = 'b';
  await ask();
  expect(state).toMatchObject({ looks: 1, reads: 2 });
});

it('does not take a change that comes while it is read for one that it has', async () => {
  const { state, ask } = shop();
  state.seen = 'a';
  state.mark = 'b';
  // Read when the mark was b already, remembered under a: it is read once more.
  await ask();
  await ask();
  expect(state.reads).toBe(2);
});

it('reads again after a while in any case', async () => {
  const { state, ask } = shop();
  state.seen = 'a';
  await ask();
  await vi.advanceTimersByTimeAsync(60_000);
  await ask();
  expect(state.reads).toBe(2);
});

it('remembers nothing of a read that failed', async () => {
  const { state } = shop();
  const remembered = createRemembered({ sameMs: 60_000, mostCharacters: 100 });
  const marks: Marks = { now: async () => state.mark, last: () => state.mark };
  await expect(remembered('k', marks, () => Promise.reject(new Error('away')), signal)).rejects.toThrow('away');
  expect(await remembered('k', marks, async () => 'read', signal)).toBe('read');
});

it('holds no more than it may', async () => {
  const { state, ask } = shop(250);
  state.seen = 'a';
  for (const key of ['1', '2', '3']) await ask(key, 100);
  expect(state.reads).toBe(3);
  await ask('3', 100);
  await ask('2', 100);
  expect(state.reads).toBe(3);
  await ask('1', 100);
  expect(state.reads).toBe(4);
  await ask('long', 300);
  await ask('long', 300);
  expect(state.reads).toBe(6);
  await ask('1', 100);
  expect(state.reads).toBe(6);
});
