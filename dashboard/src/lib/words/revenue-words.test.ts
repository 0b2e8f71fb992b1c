import { expect, it } from 'vitest';
import { revenueParts } from './revenue-words.ts';

const format = { money: (minor: number) => `€${(minor / 100).toFixed(2)}`, number: String };

it('says what was taken off the gross, and nothing where nothing was', () => {
  const figures = { gross_minor: 12_000, discount_minor: 350, returned_minor: 700, returns: 2 };
  expect(revenueParts(figures, format)).toBe('€120.00 less €3.50 discounts and €7.00 for 2 returns');
  expect(revenueParts({ ...figures, discount_minor: 0, returns: 1 }, format)).toBe('€120.00 less €7.00 for 1 return');
  expect(revenueParts({ ...figures, returns: 0, returned_minor: 0 }, format)).toBe('€120.00 less €3.50 discounts');
  expect(revenueParts({ ...figures, discount_minor: 0, returns: 0 }, format)).toBeUndefined();
});
