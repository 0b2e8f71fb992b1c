import { numberSetOf } from '@tillstream/clickhouse/roaring';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { engineOfThisFile } from './engine.ts';

const engine = engineOfThisFile();

/** Numbers that ClickHouse keeps in every form: alone, in a row, dense, and far apart. */
const some = fc.oneof(
  fc.record({ from: fc.nat(2 ** 32 - 1), count: fc.nat(60), step: fc.constant(1) }),
  fc.record({ from: fc.nat(400_000), count: fc.nat(20_000), step: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ from: fc.nat(2 ** 31), count: fc.nat(300), step: fc.nat(500_000) }),
);

test('a bitmap is read as ClickHouse means it', { timeout: 120_000 }, async () => {
  const { clickhouse } = engine();
  const row = z.object({ state: z.string() });
  await fc.assert(
    fc.asyncProperty(fc.array(some, { maxLength: 5 }), fc.array(fc.nat(2 ** 32 - 1)), async (given, others) => {
      const numbers = new Set(
        given.flatMap(({ from, count, step }) =>
          Array.from({ length: count }, (_, index) => (from + index * step) % 2 ** 32),
        ),
      );
      const { state } = await clickhouse.row({
        name: 'bitmap',
        sql: `SELECT hex(groupBitmapState(toUInt32(part.1 + number * part.3))) AS state
              FROM (SELECT arrayJoin(CAST({parts:Array(Array(UInt64))}, 'Array(Array(UInt64))')) AS given, (given[1], given[2], given[3]) AS part)
              ARRAY JOIN range(part.2) AS number`,
        params: { parts: given.map(({ from, count, step }) => [from, count, step]) },
        row,
      });
      const set = numberSetOf(state);
      expect(set.size).toBe(numbers.size);
      expect(new Set(set.numbers())).toEqual(numbers);
      for (const number of [...others, ...given.flatMap(({ from, step }) => [from, from + 1, from + step])])
        expect(set.has(number)).toBe(numbers.has(number));
    }),
    { numRuns: 60 },
  );
});
