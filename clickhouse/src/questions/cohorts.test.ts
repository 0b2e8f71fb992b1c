import fc from 'fast-check';
import { expect, test } from 'vitest';
import { customersOfPurchases } from '../customer-sets.ts';
import { cohortsOf } from './cohorts.ts';

test('a cohort are those who never came before; each later month counts who came back', () => {
  const months = new Map([
    [60, customersOfPurchases([1, 2, 31, 32, 33])],
    [0, customersOfPurchases([2])],
    [90, customersOfPurchases([2, 33, 64])],
    [120, customersOfPurchases([])],
    [150, customersOfPurchases([1, 31, 64, 1_000_000])],
  ]);
  expect(cohortsOf(months, 60)).toEqual([
    { first_month: 60, sold_months: [60, 90, 120, 150], customers: [4, 1, 0, 2] },
    { first_month: 90, sold_months: [90, 120, 150], customers: [1, 0, 1] },
    { first_month: 120, sold_months: [120, 150], customers: [0, 0] },
    { first_month: 150, sold_months: [150], customers: [1] },
  ]);
  expect(cohortsOf(new Map(), 60)).toEqual([]);
});

test('as sets say it, whoever bought when', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(fc.nat(200)), { minLength: 1, maxLength: 6 }), fc.nat(5), (bought, first) => {
      const expected = bought.flatMap((some, month) => {
        if (month < first) return [];
        const fresh = some.filter((customer) => !bought.slice(0, month).some((before) => before.includes(customer)));
        const later = bought.slice(month);
        return [
          {
            first_month: month,
            sold_months: later.map((_, index) => month + index),
            customers: later.map((others) => fresh.filter((customer) => others.includes(customer)).length),
          },
        ];
      });
      expect(cohortsOf(new Map(bought.map((some, month) => [month, customersOfPurchases(some)])), first)).toEqual(
        expected,
      );
    }),
  );
});
