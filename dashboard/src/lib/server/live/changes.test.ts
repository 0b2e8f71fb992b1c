import { shopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchChanges } from './changes.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z');
const { signal } = new AbortController();

beforeEach(() => vi.useFakeTimers({ now: NOON }));
afterEach(() => vi.useRealTimers());

const shop = () => {
  const state = { sealed: 'a', horizon: NOON - 900_000, open: '1 x', sealedReads: 0, asked: 0 };
  const changes = watchChanges(
    {
      sealed: async () => {
        state.sealedReads++;
        return { horizon: state.horizon, mark: state.sealed };
      },
      open: async (horizon) => {
        state.asked = horizon;
        return state.open;
      },
    },
    shopCalendar('UTC', '00:00'),
  );
  return { state, look: () => changes(signal) };
};

it('tells a sale from a change of the past', async () => {
  const { state, look } = shop();
  const first = await look();
  expect(await look()).toEqual(first);
  state.open = '2 y';
  const sold = await look();
  expect(sold.all).not.toBe(first.all);
  expect(sold.past).toBe(first.past);
  state.sealed = 'b';
  await vi.advanceTimersByTimeAsync(500);
  const sealed = await look();
  expect(sealed.all).not.toBe(sold.all);
  expect(sealed.past).not.toBe(sold.past);
  expect(state.asked).toBe(state.horizon);
});

it('looks at what is sealed twice a second, at what is open each time', async () => {
  const { state, look } = shop();
  for (let i = 0; i < 20; i++) {
    await look();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(state.sealedReads).toBe(4);
});

it('takes a sale for one of the past while the horizon lies before today', async () => {
  const { state, look } = shop();
  state.horizon = NOON - 86_400_000;
  const first = await look();
  state.open = '2 y';
  expect((await look()).past).not.toBe(first.past);
});

it('differs once more a second after a change, and every 15 s in any case', async () => {
  const { look } = shop();
  const first = await look();
  await vi.advanceTimersByTimeAsync(1_000);
  const settled = await look();
  expect(settled.all).not.toBe(first.all);
  expect(settled.past).toBe(first.past);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await look()).toEqual(settled);
  await vi.advanceTimersByTimeAsync(4_000);
  const later = await look();
  expect(later.all).not.toBe(settled.all);
  expect(later.past).not.toBe(settled.past);
});

it('fails with what it asks, and knows the change at the next look', async () => {
  const { state, look } = shop();
  const first = await look();
  const { open } = state;
  Object.assign(state, { open: Promise.reject(new Error('away')) });
  await expect(look()).rejects.toThrow('away');
  state.open = open;
  expect(await look()).toEqual(first);
  state.open = '2 y';
  expect((await look()).all).not.toBe(first.all);
});
