import { expect, test } from 'vitest';
import { createFormat } from './format.ts';

const { percent, timeNear, hourNear } = createFormat({ currency: 'EUR', timeZone: 'Europe/Berlin' });

test('a share is nothing or all only when it is', () => {
  expect([0, 0.0001, 0.0005, 0.004, 0.0994, 0.0996, 0.12, 0.994, 0.9996, 1].map(percent)).toEqual([
    '0 %',
    '< 0.1 %',
    '0.1 %',
    '0.4 %',
    '9.9 %',
    '10 %',
    '12 %',
    '99 %',
    '> 99 %',
    '100 %',
  ]);
});

test("a moment of the last half day is a time on the shop's clock, an earlier one has its date", () => {
  const now = Date.parse('2026-11-20T10:00:00Z');
  expect(timeNear(Date.parse('2026-11-20T07:05:09Z'), now)).toBe('08:05:09');
  expect(hourNear(Date.parse('2026-11-20T07:00:00Z'), now)).toBe('08:00');
  expect(hourNear(Date.parse('2026-11-19T21:00:00Z'), now)).toBe('19 Nov, 22:00');
});
