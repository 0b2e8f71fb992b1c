import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MomentCounts } from './moment-counts.ts';

const moment = fc.oneof(fc.integer({ min: -2 * 86_400_000, max: 5 * 86_400_000 }), fc.constant(Number.NaN));
const quarter = fc.integer({ min: -200, max: 500 }).map((quarters) => quarters * 900_000);

test('as many moments lie before one as are smaller, whatever was replaced', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), moment)), quarter, (replaced, end) => {
      const counts = new MomentCounts();
      const moments: number[] = [];
      for (const [index, after] of replaced) {
        counts.replace(moments[index], after);
        moments[index] = after;
      }
      expect(counts.before(end)).toBe(moments.filter((one) => one < end).length);
    }),
  );
});

test('within a quarter of an hour the order is not known, unless it has none', () => {
  const counts = new MomentCounts();
  counts.replace(undefined, 900_000);
  expect([1, 900_000, 900_001, 1_800_001].map((end) => counts.before(end))).toEqual([0, 0, undefined, 1]);
  counts.replace(900_000, Number.NaN);
  expect(counts.before(900_001)).toBe(0);
});

test('a whole quarter of an hour counts as its moments do', () => {
  const counts = new MomentCounts();
  counts.addQuarter(3, 2);
  counts.replace(3 * 900_000 + 7, 5 * 900_000);
  expect([3, 4, 5, 6].map((quarters) => counts.before(quarters * 900_000))).toEqual([0, 1, 1, 2]);
});
