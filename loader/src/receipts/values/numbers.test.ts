import { expect, test } from 'vitest';
import { readAmount, readQuantity } from './numbers.ts';

const POINT = { decimal: '.' } as const;
const COMMA = { decimal: ',' } as const;
const US = { decimal: '.', thousands: ',' } as const;
const GERMAN = { decimal: ',', thousands: '.' } as const;

test.each([
  ['12.30', POINT, 1230],
  ['-12.3', POINT, -1230],
  ['0,90 €', COMMA, 90],
  ['$1,234.50', US, 123450],
  ['-$3.00', US, -300],
  ['($3.00)', US, -300],
  ['1.234,50', GERMAN, 123450],
  ['1 234,50', { decimal: ',', thousands: ' ' } as const, 123450],
  ["1'234.50", { decimal: '.', thousands: "'" } as const, 123450],
  ['-0', POINT, 0],
  ['0,90', POINT, undefined],
  ['0.90', COMMA, undefined],
  ['1,23', US, undefined],
  ['1.5', GERMAN, undefined],
  ['12.345', POINT, undefined],
  ['', POINT, undefined],
  ['free', POINT, undefined],
])('%j is an amount of %j: %j', (text, style, minor) => expect(readAmount(text, style, 2)).toBe(minor));

test.each([
  ['2', POINT, 2000],
  ['1.0', POINT, 1000],
  ['2.', POINT, 2000],
  ['0.735', POINT, 735],
  ['0,7350', COMMA, 735],
  ['-1.00000', POINT, -1000],
  ['1,000', US, 1_000_000],
  ['0', POINT, 0],
  ['10000', POINT, 10_000_000],
  ['10000.001', POINT, undefined],
  ['0.7355', POINT, undefined],
  ['two', POINT, undefined],
])('%j is a quantity of %j: %j thousandths', (text, style, quantity) =>
  expect(readQuantity(text, style)).toBe(quantity),
);
