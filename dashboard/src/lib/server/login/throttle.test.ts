import { expect, it } from 'vitest';
import { Throttle } from './throttle.ts';

const make = () => new Throttle({ atOnce: 3, everyMs: 10_000 }, { atOnce: 5, everyMs: 1_000 });

it('lets an address try a few times, then once per while', () => {
  const throttle = make();
  expect([0, 1, 2].map(() => throttle.take('a', 0))).toEqual([0, 0, 0]);
  expect(throttle.take('a', 0)).toBe(10_000);
  expect(throttle.take('a', 4_000)).toBe(6_000);
  expect(throttle.take('a', 10_000)).toBe(0);
  expect(throttle.take('a', 10_000)).toBe(10_000);
});

it('one address does not wait for another, until all together are too many', () => {
  const throttle = make();
  for (const address of ['a', 'b', 'c', 'd', 'e']) expect(throttle.take(address, 0)).toBe(0);
  expect(throttle.take('f', 0)).toBe(1_000);
  expect(throttle.take('f', 1_000)).toBe(0);
});

it('who got in starts anew; who was refused owes nothing for it', () => {
  const throttle = make();
  for (let n = 0; n < 3; n++) throttle.take('a', 0);
  for (let n = 0; n < 100; n++) expect(throttle.take('a', 0)).toBe(10_000);
  throttle.forgive('a');
  expect(throttle.take('a', 0)).toBe(0);
});

it('does not grow with those who try', () => {
  const throttle = new Throttle({ atOnce: 1, everyMs: 1e9 }, { atOnce: 1e9, everyMs: 1 });
  for (let n = 0; n < 10_001; n++) expect(throttle.take(`address ${n}`, 0)).toBe(0);
  expect(throttle.take('address 10000', 0)).toBeGreaterThan(0);
  expect(throttle.take('address 0', 0)).toBe(0);
});
