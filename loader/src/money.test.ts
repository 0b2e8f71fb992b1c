import { MAX_AMOUNT_MINOR } from '@tillstream/schemas/files';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromMinor, toMinor } from './money.ts';

test.each([
  ['12', 1200],
  ['12.3', 1230],
  ['12.30', 1230],
  [' 0.07 ', 7],
  ['007.10', 710],
  ['0', 0],
  ['9999999.99', MAX_AMOUNT_MINOR],
])('%j is %d minor units', (text, minor) => expect(toMinor(text)).toBe(minor));

test.each([
  '',
  ' ',
  '-1',
  '+1',
  '1.234',
  '1e3',
  '1,234.50',
  '1 000',
  '1.',
  '.5',
  '12,30',
  '0x10',
  'NaN',
  '10000000',
  '١',
])('%j is no amount', (text) => expect(toMinor(text)).toBeUndefined());

test('every amount comes back as it went', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_AMOUNT_MINOR }), (minor) => {
      expect(toMinor(fromMinor(minor))).toBe(minor);
    }),
  );
});
