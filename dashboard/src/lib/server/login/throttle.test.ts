import { expect, it } from 'vitest';
import { groupOf, Throttle } from './throttle.ts';

const DAY = 86_400_000;
const make = () =>
  new Throttle({
    each: { atOnce: 3, everyMs: 10_000 },
    unshared: { atOnce: 2, everyMs: DAY },
    all: { atOnce: 5, everyMs: 1_000 },
  });

it('lets an address try a few times, then once per while', () => {
  const throttle = make();
  expect([0, 1, 2].map(() => throttle.take('a', 0))).toEqual([0, 0, 0]);
  expect(throttle.take('a', 0)).toBe(10_000);
  expect(throttle.take('a', 4_000)).toBe(6_000);
  expect(throttle.take('a', 10_000)).toBe(0);
  expect(throttle.take('a', 10_000)).toBe(10_000);
});

it('all together are slowed down when they are too many', () => {
  const throttle = make();
  const strangers = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const address of strangers) for (let n = 0; n < 2; n++) throttle.take(address, 0);
  expect(strangers.map((address) => throttle.take(address, 0))).toEqual([0, 0, 0, 0, 0, 1_000]);
  expect(throttle.take('f', 1_000)).toBe(0);
});

it('strangers who never stop do not lock the owner out', () => {
  const throttle = make();
  const HOUR = 3_600_000;
  for (let now = 0; now < HOUR; now += 500) {
    for (let n = 0; n < 15; n++) throttle.take(`198.51.100.${n}`, now);
  }
  expect(throttle.take('203.0.113.7', HOUR)).toBe(0);
  expect(throttle.take('203.0.113.7', HOUR)).toBe(0);
});

it('who got in starts anew; who was refused owes nothing for it', () => {
  const throttle = make();
  for (let n = 0; n < 3; n++) throttle.take('a', 0);
  for (let n = 0; n < 100; n++) expect(throttle.take('a', 0)).toBe(10_000);
  throttle.forgive('a');
  expect(throttle.take('a', 0)).toBe(0);
});

it('the addresses of one IPv6 network count together, and so do two spellings of one', () => {
  const throttle = make();
  for (const host of [':1', ':2', 'ffff:ffff:ffff:ffff']) {
    expect(throttle.take(`2001:db8:0:7:${host}`, 0)).toBe(0);
  }
  expect(throttle.take('2001:db8:0:7:aaaa:bbbb:cccc:dddd', 0)).toBe(10_000);
  expect(throttle.take('2001:db8:0:8::1', 0)).toBe(0);
  expect(groupOf('2001:DB8::1')).toBe(groupOf('2001:db8:0:0:0:0:0:2'));
  expect(groupOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(groupOf('192.0.2.1')).not.toBe(groupOf('192.0.2.2'));
  expect(groupOf('unknown')).toBe('unknown');
});

it('does not grow with those who try', () => {
  const throttle = new Throttle({
    each: { atOnce: 1, everyMs: 1e9 },
    unshared: { atOnce: 1, everyMs: 1e9 },
    all: { atOnce: 1e9, everyMs: 1 },
  });
  for (let n = 0; n < 10_001; n++) expect(throttle.take(`address ${n}`, 0)).toBe(0);
  expect(throttle.take('address 10000', 0)).toBeGreaterThan(0);
  expect(throttle.take('address 0', 0)).toBe(0);
});
