import currencies from 'currency-codes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currencyDecimals, fromMinor, MAX_AMOUNT_MINOR, toMinor } from './money.ts';

/** Metals, units of account and the like: ISO 4217 gives them no minor unit at all. */
const NO_MONEY = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ');

test('all currencies have the decimals of ISO 4217', () => {
  const listed = currencies.codes().filter((code) => !NO_MONEY.includes(code));
  expect(listed.length).toBeGreaterThan(160);
  expect(listed.map((code) => [code, currencyDecimals(code)])).toEqual(
    listed.map((code) => [code, currencies.code(code)?.digits]),
  );
});

test.each([
  [0, '12', 12],
  [0, '150.00', 150],
  [0, '999999999', MAX_AMOUNT_MINOR],
  [2, '12', 1200],
  [2, '12.3', 1230],
  [2, '12.30', 1230],
  [2, ' 0.07 ', 7],
  [2, '007.10', 710],
  [2, '0', 0],
  [2, '9999999.99', MAX_AMOUNT_MINOR],
  [3, '12', 12_000],
  [3, '12.3', 12_300],
  [3, '0.735', 735],
  [3, '999999.999', MAX_AMOUNT_MINOR],
  [4, '1', 10_000],
  [4, '0.0001', 1],
])('with %i decimals %j is %d minor units', (decimals, text, minor) => expect(toMinor(text, decimals)).toBe(minor));

test.each([
  [0, '12.5'],
  [0, '1.500'],
  [0, '1000000000'],
  [2, '1.234'],
  [2, '1.500'],
  [2, '10000000'],
  [3, '1.2345'],
  [3, '1.2340'],
  [3, '1000000'],
  [4, '1.23456'],
  [4, '100000'],
])('with %i decimals %j is no amount', (decimals, text) => expect(toMinor(text, decimals)).toBeUndefined());

test.each(['', ' ', '-1', '+1', '1e3', '1,234.50', '1 000', '1.', '.5', '12,30', '0x10', 'NaN', '١'])(
  '%j is no amount in any currency',
  (text) => expect([0, 2, 3, 4].map((decimals) => toMinor(text, decimals))).toEqual(new Array(4).fill(undefined)),
);

test('every amount comes back as it went, in every currency', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_AMOUNT_MINOR }), fc.constantFrom(0, 2, 3, 4), (minor, decimals) => {
      expect(toMinor(fromMinor(minor, decimals), decimals)).toBe(minor);
      expect(Number(fromMinor(-minor, decimals))).toBeCloseTo(-minor / 10 ** decimals, decimals);
    }),
  );
});
