import { expect, test } from 'vitest';
import {
  bitsOf,
  countOf,
  customersOf,
  customersOfPurchases,
  customersOfState,
  withoutPurchasers,
  withPurchasers,
} from './customer-sets.ts';
import { ofFew, ofUnknown, UnknownNumbers } from './roaring.ts';

const bitmap = (...numbers: number[]) => customersOf(ofFew(Uint32Array.from(numbers)));

test('a customer counts once, however often they bought, and goes with the last of their purchases', () => {
  const all = withPurchasers(bitmap(1, 2), customersOfPurchases([9, 2, 5, 9]));
  expect(countOf(all)).toBe(4);
  const fewer = withoutPurchasers(all, customersOfPurchases([9, 2]));
  expect(countOf(fewer)).toBe(4);
  expect(countOf(withoutPurchasers(fewer, customersOfPurchases([9])))).toBe(3);
  expect(countOf(withoutPurchasers(all, customersOfPurchases([5, 9, 9])))).toBe(2);
});

test('a purchase that is not there cannot be taken off', () => {
  const all = withPurchasers(bitmap(1), customersOfPurchases([9]));
  expect(() => withoutPurchasers(all, customersOfPurchases([9, 9]))).toThrow('not there');
  expect(() => withoutPurchasers(all, customersOfPurchases([3]))).toThrow('not there');
});

test('of customers of whom only the number is known nothing else can be told', () => {
  const unknown = customersOf(ofUnknown(40));
  expect(countOf(withPurchasers(unknown, customersOfPurchases([])))).toBe(40);
  expect(() => withPurchasers(unknown, customersOfPurchases([1]))).toThrow(UnknownNumbers);
  expect(() => withoutPurchasers(unknown, customersOfPurchases([1]))).toThrow(UnknownNumbers);
});

test('a state is a bitmap, the customers of purchases, or nothing but their number', () => {
  expect(countOf(customersOfState('', 7))).toBe(7);
  expect(countOf(customersOfState('0003000000000100000002000000', 0))).toBe(3);
  const purchasers = customersOfState('02050000000500000000010000', 0);
  expect([...purchasers.others]).toEqual([5, 5, 256]);
  expect(countOf(purchasers)).toBe(2);
});

test('as bits, those of several sets together', () => {
  const bits = bitsOf([bitmap(0, 31), withPurchasers(bitmap(32), customersOfPurchases([33, 33]))]);
  expect([...bits]).toEqual([0x80000001, 3]);
});
