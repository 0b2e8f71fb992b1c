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

test('within a quarter of an hour the order is not known', () => {
  expect(new MomentCounts().before(1)).toBeUndefined();
});
