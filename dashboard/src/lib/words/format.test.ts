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

test.each([
  ['EUR', '€1,234,567.89', '€1.2m'],
  ['JPY', 'JP¥123,456,789', 'JP¥123.5m'],
  ['KWD', 'KWD 123,456.789', 'KWD 123.5k'],
  // Intl by itself shows these two without decimals.
  ['HUF', 'HUF 1,234,567.89', 'HUF 1.2m'],
  ['IQD', 'IQD 123,456.789', 'IQD 123.5k'],
])('money in %s has the decimals of ISO 4217', (currency, money, shortMoney) => {
  const format = createFormat({ currency, timeZone: 'UTC' });
  const written = [format.money(123_456_789), format.shortMoney(123_456_789)];
  expect(written.map((text) => text.replaceAll('\u00a0', ' '))).toEqual([money, shortMoney]);
});

test("a moment of the last half day is a time on the shop's clock, an earlier one has its date", () => {
  const now = Date.parse('2026-11-20T10:00:00Z');
  expect(timeNear(Date.parse('2026-11-20T07:05:09Z'), now)).toBe('08:05:09');
  expect(hourNear(Date.parse('2026-11-20T07:00:00Z'), now)).toBe('08:00');
  expect(hourNear(Date.parse('2026-11-19T21:00:00Z'), now)).toBe('19 Nov, 22:00');
});
