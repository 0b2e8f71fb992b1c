import { expect, test } from 'vitest';
import { numberSetOf } from './roaring.ts';

/** What ClickHouse's `hex` said of states of `groupBitmap`. */
const STATES = {
  few: '0003000000000100000002000000',
  none: '0000',
  aRun: '010F3B3000000100008713010000008713',
  runsFarApart: '01193B300100030000090001008713010000000900010070118713',
  anArray: `01743A300000010000000000310010000000${Array.from({ length: 50 }, (_, index) => hex16(2 * index)).join('')}`,
  aBitset: `0190403A3000000100000000000F2710000000${'55'.repeat(2_500)}${'00'.repeat(5_692)}`,
};

function hex16(number: number): string {
  return `${(number & 0xff).toString(16).padStart(2, '0')}${(number >> 8).toString(16).padStart(2, '0')}`.toUpperCase();
}

const evens = (count: number) => Array.from({ length: count }, (_, index) => 2 * index);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

const numbersIn = (bits: Uint32Array) =>
  [...bits].flatMap((word, index) => range(0, 32).flatMap((bit) => ((word >>> bit) & 1 ? [32 * index + bit] : [])));

test.each([
  ['few', [0, 1, 2]],
  ['none', []],
  ['aRun', range(0, 5_000)],
  ['runsFarApart', [...range(0, 10), ...range(70_000, 75_000)]],
  ['anArray', evens(50)],
  ['aBitset', evens(10_000)],
] as const)('%s', (state, numbers) => {
  const set = numberSetOf(STATES[state]);
  expect(set.size).toBe(numbers.length);
  expect([...set.numbers()]).toEqual(numbers);
  const among = new Set<number>(numbers);
  const bits = new Uint32Array(Math.ceil(set.below / 32));
  set.setIn(bits);
  expect(numbersIn(bits)).toEqual(numbers);
  for (const number of [
    0,
    1,
    9,
    10,
    49,
    50,
    98,
    99,
    4_999,
    5_000,
    19_998,
    20_000,
    69_999,
    70_000,
    74_999,
    75_000,
    2 ** 32 - 1,
  ])
    expect([number, set.has(number)]).toEqual([number, among.has(number)]);
});

test('what is no such state is refused', () => {
  for (const hex of ['', '02', '0105', '010F3A3B00000100008713010000008713', STATES.aRun.slice(0, -2)])
    expect(() => numberSetOf(hex)).toThrow();
});
