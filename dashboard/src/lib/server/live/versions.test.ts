import { shopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createVersions } from './versions.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z');
const { signal } = new AbortController();

beforeEach(() => vi.useFakeTimers({ now: NOON }));
afterEach(() => vi.useRealTimers());

const shop = () => {
  const state = { sealed: 'a', horizon: NOON - 900_000, open: '1 x', sealedReads: 0, asked: 0 };
  const read = createVersions(
    {
      sealed: async () => {
        state.sealedReads++;
        return { horizon: state.horizon, version: state.sealed };
      },
      open: async (horizon) => {
        state.asked = horizon;
        return state.open;
      },
    },
    shopCalendar('UTC', '00:00'),
  );
  return { state, next: () => read(signal) };
};

it('tells a sale from a change of the past', async () => {
  const { state, next } = shop();
  const first = await next();
  expect(await next()).toEqual(first);
  state.open = '2 y';
  const sold = await next();
  expect(sold.all).not.toBe(first.all);
  expect(sold.past).toBe(first.past);
  state.sealed = 'b';
  await vi.advanceTimersByTimeAsync(500);
  const sealed = await next();
  expect(sealed.all).not.toBe(sold.all);
  expect(sealed.past).not.toBe(sold.past);
  expect(state.asked).toBe(state.horizon);
});

it('reads what is sealed twice a second, what is open each time', async () => {
  const { state, next } = shop();
  for (let i = 0; i < 20; i++) {
    await next();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(state.sealedReads).toBe(4);
});

it('takes a sale for one of the past while the horizon lies before today', async () => {
  const { state, next } = shop();
  state.horizon = NOON - 86_400_000;
  const first = await next();
  state.open = '2 y';
  expect((await next()).past).not.toBe(first.past);
});

it('differs once more a second after a change, and every 15 s in any case', async () => {
  const { next } = shop();
  const first = await next();
  await vi.advanceTimersByTimeAsync(1_000);
  const settled = await next();
  expect(settled.all).not.toBe(first.all);
  expect(settled.past).toBe(first.past);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await next()).toEqual(settled);
  await vi.advanceTimersByTimeAsync(4_000);
  const later = await next();
  expect(later.all).not.toBe(settled.all);
  expect(later.past).not.toBe(settled.past);
});

it('fails with what it asks, and knows the change at the next time', async () => {
  const { state, next } = shop();
  const first = await next();
  const { open } = state;
  Object.assign(state, { open: Promise.reject(new Error('away')) });
  await expect(next()).rejects.toThrow('away');
  state.open = open;
  expect(await next()).toEqual(first);
  state.open = '2 y';
  expect((await next()).all).not.toBe(first.all);
});
