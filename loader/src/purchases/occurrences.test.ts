import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Occurrences } from './occurrences.ts';

test('counts as a plain map does, however many there are', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 200 }), fc.integer({ min: 0, max: 20_000 }), (contents, others) => {
      const occurrences = new Occurrences();
      const counts = new Map<number, number>();
      let first = 0;
      for (let other = 0; other < others; other++)
        first += Number(occurrences.next(hash('sha256', `other ${other}`)) === 1);
      expect(first).toBe(others);
      for (const content of contents) {
        const nth = (counts.get(content) ?? 0) + 1;
        counts.set(content, nth);
        expect(occurrences.next(hash('sha256', String(content)))).toBe(nth);
      }
    }),
    { numRuns: 30 },
  );
});

test('two contents whose bits are the same are still told apart from their repeats', () => {
  const [one, other] = ['0'.repeat(16) + 'a'.repeat(48), '0'.repeat(16) + 'b'.repeat(48)];
  const occurrences = new Occurrences();
  expect([one, other, one, other, one].map((content) => occurrences.next(content))).toEqual([1, 2, 2, 3, 3]);
});
