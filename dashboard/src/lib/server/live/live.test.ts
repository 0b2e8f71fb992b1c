import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Figures, LiveMessage } from '../../figures/figures.ts';
import { createLive, type LiveSource } from './live.ts';
import { liveStream } from './stream.ts';

const figuresOf = (purchases: number) => ({ today: { so_far: { purchases } } }) as Figures;
const purchasesOf = (message: LiveMessage | undefined) => message?.figures?.today.so_far.purchases;

/** A source whose figures the test decides. */
const shop = () => {
  const state = {
    version: 'a',
    purchases: 1,
    away: false,
    complete: true,
    polls: 0,
    reads: 0,
    waiting: 0 as number | null,
  };
  const source: LiveSource = {
    versions: async () => {
      state.polls++;
      if (state.away) throw new Error('away');
      return { all: state.version, past: '' };
    },
    figures: async (branches) => {
      state.reads++;
      if (state.away) throw new Error('away');
      const figures = (branch: string | undefined) =>
        figuresOf(branch === undefined ? state.purchases : state.purchases * 100);
      return new Map(branches.map((branch) => [branch, { figures: figures(branch), complete: state.complete }]));
    },
    pipeline: () => ({ waiting: state.waiting, waiting_since: null, uncounted: 0, books: null, sealer: null }),
  };
  const live = createLive(source, {
    pauseMs: 100,
    longestPauseMs: 5_000,
    timeoutMs: 10_000,
    heartbeatMs: 10_000,
    log: { warn: () => {}, info: () => {} },
  });
  return { state, live };
};

const viewer = () => {
  const got: LiveMessage[] = [];
  const ended = { times: 0 };
  return { got, ended, send: (message: LiveMessage) => got.push(message), end: () => ended.times++ };
};

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('live', () => {
  it('reads once for all viewers and only when something changed', async () => {
    const { state, live } = shop();
    const viewers = [viewer(), viewer(), viewer()];
    for (const one of viewers) live.watch(undefined, one);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(state.reads).toBe(1);
    state.purchases = 2;
    state.version = 'b';
    await vi.advanceTimersByTimeAsync(150);
    expect(state.reads).toBe(2);
    for (const { got } of viewers) expect(got.map(purchasesOf)).toEqual([undefined, 1, 2]);
    live.close();
  });

  it('does not send figures again that are the same', async () => {
    const { state, live } = shop();
    const one = viewer();
    live.watch(undefined, one);
    await vi.advanceTimersByTimeAsync(200);
    state.version = 'b';
    await vi.advanceTimersByTimeAsync(200);
    expect(state.reads).toBe(2);
    expect(one.got).toHaveLength(2);
    live.close();
  });

  it('reads again until all figures are of one version', async () => {
    const { state, live } = shop();
    state.complete = false;
    live.watch(undefined, viewer());
    await vi.advanceTimersByTimeAsync(450);
    expect(state.reads).toBe(4);
    state.complete = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(state.reads).toBe(5);
    live.close();
  });

  it('gives who comes later the last figures at once', async () => {
    const { live } = shop();
    live.watch(undefined, viewer());
    await vi.advanceTimersByTimeAsync(200);
    const late = viewer();
    live.watch(undefined, late);
    expect(late.got.map(purchasesOf)).toEqual([1]);
    live.close();
  });

  it('keeps branches apart', async () => {
    const { live } = shop();
    const [all, branch] = [viewer(), viewer()];
    live.watch(undefined, all);
    live.watch('SMKT001', branch);
    await vi.advanceTimersByTimeAsync(300);
    expect(purchasesOf(all.got.at(-1))).toBe(1);
    expect(purchasesOf(branch.got.at(-1))).toBe(100);
    live.close();
  });

  it('stops when nobody watches and begins again with the next', async () => {
    const { state, live } = shop();
    const leave = live.watch(undefined, viewer());
    await vi.advanceTimersByTimeAsync(500);
    leave();
    const polls = state.polls;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.polls).toBe(polls);
    expect(vi.getTimerCount()).toBe(0);
    live.watch(undefined, viewer());
    await vi.advanceTimersByTimeAsync(500);
    expect(state.polls).toBeGreaterThan(polls);
    live.close();
  });

  it('keeps the last good figures through an outage, says so, backs off and recovers', async () => {
    const { state, live } = shop();
    const one = viewer();
    live.watch(undefined, one);
    await vi.advanceTimersByTimeAsync(500);
    const checked = one.got.at(-1)?.checked_at;
    state.away = true;
    const polls = state.polls;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.polls - polls).toBeLessThan(25);
    expect(one.got.at(-1)).toMatchObject({ ok: false });
    expect(Date.parse(one.got.at(-1)?.checked_at ?? '')).toBeLessThan(Date.parse(checked ?? '') + 1_000);
    const late = viewer();
    live.watch(undefined, late);
    expect(late.got[0]).toMatchObject({ ok: false, figures: figuresOf(1) });
    expect(await live.read(undefined)).toMatchObject({ ok: false, figures: figuresOf(1) });
    state.away = false;
    state.purchases = 7;
    state.version = 'c';
    await vi.advanceTimersByTimeAsync(6_000);
    expect(one.got.at(-1)).toMatchObject({ ok: true });
    expect(one.got.map(purchasesOf)).toContain(7);
    live.close();
  });

  it('tells viewers what a reading for a page has found meanwhile', async () => {
    const { state, live } = shop();
    const one = viewer();
    live.watch(undefined, one);
    await vi.advanceTimersByTimeAsync(150);
    vi.setSystemTime(Date.now() + 3_000);
    state.purchases = 2;
    state.version = 'b';
    expect(purchasesOf(await live.read(undefined))).toBe(2);
    await vi.advanceTimersByTimeAsync(150);
    expect(one.got.map(purchasesOf)).toContain(2);
    live.close();
  });

  it('sends a heartbeat, and a change of the pipeline at once', async () => {
    const { state, live } = shop();
    const one = viewer();
    live.watch(undefined, one);
    await vi.advanceTimersByTimeAsync(500);
    const before = one.got.length;
    state.waiting = 12;
    await vi.advanceTimersByTimeAsync(200);
    expect(one.got).toHaveLength(before + 1);
    expect(one.got.at(-1)?.pipeline.waiting).toBe(12);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(one.got.length).toBeGreaterThan(before + 1);
    live.close();
  });

  it('reads without anything known and without a database', async () => {
    const { state, live } = shop();
    state.away = true;
    expect(await live.read(undefined)).toMatchObject({ ok: false, checked_at: null });
  });

  it('ends its viewers when it is closed, and whoever comes after', () => {
    const { live } = shop();
    const [one, late] = [viewer(), viewer()];
    live.watch(undefined, one);
    live.close();
    live.watch(undefined, late);
    expect([one.ended.times, late.ended.times]).toEqual([1, 1]);
    expect(live.viewers()).toBe(0);
  });
});

describe('the stream', () => {
  it('carries messages as events', async () => {
    const { live } = shop();
    const reader = liveStream(live, undefined, new AbortController().signal).body?.getReader();
    const decoder = new TextDecoder();
    expect(decoder.decode((await reader?.read())?.value)).toBe('retry: 1000\n\n');
    expect(decoder.decode((await reader?.read())?.value)).toMatch(/^data: \{"server_time".*\}\n\n$/);
    await reader?.cancel();
    expect(live.viewers()).toBe(0);
  });

  it('notices a viewer that has gone by its signal', () => {
    const { live } = shop();
    const request = new AbortController();
    liveStream(live, undefined, request.signal);
    expect(live.viewers()).toBe(1);
    request.abort();
    expect(live.viewers()).toBe(0);
  });

  it('ends for a viewer that takes nothing', async () => {
    const { state, live } = shop();
    liveStream(live, undefined, new AbortController().signal);
    for (let i = 0; i < 60; i++) {
      state.waiting = i;
      await vi.advanceTimersByTimeAsync(150);
    }
    expect(live.viewers()).toBe(0);
  });

  it('ends when live is closed', async () => {
    const { live } = shop();
    const reader = liveStream(live, undefined, new AbortController().signal).body?.getReader();
    live.close();
    await reader?.read();
    await reader?.read();
    expect(await reader?.read()).toMatchObject({ done: true });
  });
});
