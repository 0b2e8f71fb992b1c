import { describe, expect, it } from 'vitest';
import { outside, type Sold, usualDays, usualRange } from './usual-range.ts';

const sold = (revenue_minor: number, purchases = Math.ceil(revenue_minor / 500)): Sold => ({
  revenue_minor,
  purchases,
});

describe('the usual range', () => {
  it('is the median with 3.5 deviations to each side', () => {
    // Their distances from the median of 100,000 have the median 10,000: 3.5 × 14,826 = 51,891.
    const base = [70_000, 90_000, 95_000, 100_000, 105_000, 110_000, 130_000].map((minor) => sold(minor, 1_000));
    expect(usualRange(base)).toEqual({ low: 48_109, usual: 100_000, high: 151_891 });
    const wide = [60_000, 80_000, 90_000, 100_000, 120_000, 130_000, 150_000].map((minor) => sold(minor, 1_000));
    expect(usualRange(wide)).toEqual({ low: 0, usual: 100_000, high: 203_782 });
  });

  it('is hardly moved by outliers in the base', () => {
    const calm = [98, 99, 100, 100, 101, 102, 103, 97].map((major) => sold(major * 1_000, 200));
    const [, ...others] = calm;
    const wild = [sold(100_000_000, 200_000), ...others];
    const [a, b] = [usualRange(calm), usualRange(wild)];
    expect(Math.abs((a?.usual ?? 0) - (b?.usual ?? 0))).toBeLessThanOrEqual(1_000);
  });

  it('is at least as wide as chance makes it', () => {
    // Four baskets of 500 each hour: ±2 baskets are chance.
    const range = usualRange(Array.from({ length: 8 }, () => sold(2_000, 4)));
    expect(range).toEqual({ low: 0, usual: 2_000, high: 5_500 });
  });

  it('cannot be told from a short history, or where nothing was ever sold', () => {
    expect(usualRange([])).toBeUndefined();
    expect(usualRange(Array.from({ length: 4 }, () => sold(1_000)))).toBeUndefined();
    expect(usualRange(Array.from({ length: 8 }, () => sold(0, 0)))).toBeUndefined();
  });

  it('an hour that is mostly quiet may have a sale', () => {
    const range = usualRange([0, 0, 0, 0, 0, 0, 0, 900].map((minor) => sold(minor, minor === 0 ? 0 : 1)));
    expect(outside(900, range)).toBeUndefined();
    expect(outside(0, range)).toBeUndefined();
    expect(outside(90_000, range)).toBe('above');
  });
});

it('outside is above or below, and nothing without a range', () => {
  const range = { low: 10, usual: 20, high: 30 };
  expect([9, 10, 30, 31].map((value) => outside(value, range))).toEqual(['below', undefined, undefined, 'above']);
  expect(outside(9, null)).toBeUndefined();
});

describe('the days', () => {
  /** Sundays bring half; the shop opens on day `opened`. */
  const days = (count: number, opened = 0): Sold[] =>
    Array.from({ length: count }, (_, index) =>
      index < opened ? sold(0, 0) : sold(index % 7 === 6 ? 50_000 : 100_000, 150),
    );

  it('are judged by their own weekday', () => {
    const ranges = usualDays(days(70), 14);
    expect(ranges).toHaveLength(14);
    expect(ranges.map((range) => range?.usual)).toEqual(
      Array.from({ length: 14 }, (_, offset) => ((56 + offset) % 7 === 6 ? 50_000 : 100_000)),
    );
  });

  it('need five weeks since the first sale', () => {
    const ranges = usualDays(days(42, 0), 7);
    expect(ranges.every((range) => range !== null)).toBe(true);
    expect(usualDays(days(42, 1), 7).map((range) => range !== null)).toEqual([false, ...Array(6).fill(true)]);
    expect(usualDays(days(30), 30).every((range) => range === null)).toBe(true);
    expect(usualDays(days(0), 30)).toEqual([]);
    expect(usualDays(Array(80).fill(sold(0, 0)), 30).every((range) => range === null)).toBe(true);
  });

  it('a closed day within the history counts as one', () => {
    const history = days(64);
    history[56] = sold(0, 0);
    expect(outside(0, usualDays(history, 8)[0])).toBe('below');
  });
});
