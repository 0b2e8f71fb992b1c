import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { offsetOf, shopClock } from './times.ts';

const instantOf = (timeZone: string, text: string) => {
  const time = shopClock(timeZone).read(text);
  return typeof time === 'string' ? time : new Date(time.instant).toISOString();
};
const SKIPPED = 'does not exist: the clock was put forward over it';
const NOT_A_TIME = 'is not a date and time';

describe('a time without a zone is on the shop’s clock', () => {
  test.each([
    ['UTC', '2026-11-20 10:00:00', '2026-11-20T10:00:00.000Z'],
    ['UTC', '2026-11-20T10:00', '2026-11-20T10:00:00.000Z'],
    ['UTC', '2026-11-20T10:00:00.5', '2026-11-20T10:00:00.500Z'],
    ['UTC', '2026-11-20T10:00:00.123999', '2026-11-20T10:00:00.123Z'],
    ['Europe/Berlin', '2026-11-20 10:00:00', '2026-11-20T09:00:00.000Z'],
    ['Europe/Berlin', '2026-07-20 10:00:00', '2026-07-20T08:00:00.000Z'],
    ['Asia/Kathmandu', '2026-07-20 10:00', '2026-07-20T04:15:00.000Z'],
    // Put forward: 2026-03-29 02:00 → 03:00 and 2026-03-08 02:00 → 03:00.
    ['Europe/Berlin', '2026-03-29 01:59:59', '2026-03-29T00:59:59.000Z'],
    ['Europe/Berlin', '2026-03-29 02:00:00', SKIPPED],
    ['Europe/Berlin', '2026-03-29 02:59:59.999', SKIPPED],
    ['Europe/Berlin', '2026-03-29 03:00:00', '2026-03-29T01:00:00.000Z'],
    ['America/New_York', '2026-03-08 02:30', SKIPPED],
    ['America/New_York', '2026-03-08 03:00', '2026-03-08T07:00:00.000Z'],
    // Put back: 2026-10-25 03:00 → 02:00 and 2026-11-01 02:00 → 01:00; the first of the two counts.
    ['Europe/Berlin', '2026-10-25 02:30', '2026-10-25T00:30:00.000Z'],
    ['Europe/Berlin', '2026-10-25 03:00', '2026-10-25T02:00:00.000Z'],
    ['America/New_York', '2026-11-01 01:30', '2026-11-01T05:30:00.000Z'],
    ['America/New_York', '2026-11-01 02:00', '2026-11-01T07:00:00.000Z'],
    // Half an hour, a minute past midnight, a whole day.
    ['Australia/Lord_Howe', '2026-10-04 02:15', SKIPPED],
    ['America/St_Johns', '2010-03-14 00:00:30', '2010-03-14T03:30:30.000Z'],
    ['America/St_Johns', '2010-03-14 00:30', SKIPPED],
    ['America/St_Johns', '2010-11-06 23:30', '2010-11-07T02:00:00.000Z'],
    ['Pacific/Apia', '2011-12-30 12:00', SKIPPED],
  ])('%s %s → %s', (zone, text, expected) => expect(instantOf(zone, text)).toBe(expected));
});

test.each([
  ['2026-11-20T10:00:00Z', '2026-11-20T10:00:00.000Z'],
  ['2026-11-20 10:00z', '2026-11-20T10:00:00.000Z'],
  ['2026-11-20T10:00:00+02:00', '2026-11-20T08:00:00.000Z'],
  ['2026-11-20T10:00:00.250-0530', '2026-11-20T15:30:00.250Z'],
  ['2026-11-20 10:00:00 +01', '2026-11-20T09:00:00.000Z'],
  // Skipped on the shop's clock, but this one is an instant.
  ['2026-03-29T02:30:00Z', '2026-03-29T02:30:00.000Z'],
])('%s is an instant', (text, expected) => expect(instantOf('Europe/Berlin', text)).toBe(expected));

test.each([
  '',
  '2026-11-20',
  '2025-02-29',
  '2025-02-30 10:00:00',
  '2025-04-31 10:00',
  '2025-13-01 10:00',
  '2025-00-10 10:00',
  '2025-01-00 10:00',
  '2025-01-01 24:00',
  '2025-01-01 10:60',
  '2025-01-01 10:00:60',
  '0001-01-01 10:00',
  '01/02/2025 10:00',
  '2025-1-1 10:00',
  '2025-01-01 10:00:00.',
  '2025-01-01 10:00+25:00',
  '2025-01-01 10:00+01:75',
  '1763632800',
  'yesterday',
])('%j is no time', (text) => expect(instantOf('UTC', text)).toBe(NOT_A_TIME));

test('a leap day is a day', () => {
  expect(instantOf('UTC', '2024-02-29 10:00')).toBe('2024-02-29T10:00:00.000Z');
  expect(instantOf('UTC', '1900-02-29 10:00')).toBe(NOT_A_TIME);
});

test('the same time has one normal form, whichever way it is written', () => {
  const clock = shopClock('Europe/Berlin');
  const written = (text: string) => {
    const time = clock.read(text);
    return typeof time === 'string' ? time : time.written;
  };
  expect(written('2026-11-20 10:00')).toBe(written('2026-11-20T10:00:00.000'));
  expect(written('2026-11-20T10:00Z')).toBe(written('2026-11-20T12:00:00.0+02:00'));
  expect(written('2026-11-20T10:00:00.1234')).not.toBe(written('2026-11-20T10:00:00.1235'));
});

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Tehran'];

test.each(zones)('%s: an instant shown on the clock is read back, as the first of its kind', (zone) => {
  const clock = shopClock(zone);
  const offset = offsetOf(zone);
  const show = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const moment = fc
    .oneof(
      fc.integer({ min: Date.UTC(2000, 0, 2), max: Date.UTC(2035, 0, 1) }),
      // Around the changes of the clock.
      fc
        .tuple(
          fc.constantFrom('2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2010-11-07', '2026-04-05'),
          fc.nat(86_400_000),
        )
        .map(([day, ms]) => Date.parse(day) + ms),
    )
    .map((ms) => Math.floor(ms / 1000) * 1000);
  fc.assert(
    fc.property(moment, (instant) => {
      const wall = show.format(instant);
      const time = clock.read(wall);
      if (typeof time === 'string') throw new Error(`${wall}: ${time}`);
      // It shows the same on the clock, and nothing earlier does.
      expect(show.format(time.instant)).toBe(wall);
      expect(time.instant).toBeLessThanOrEqual(instant);
      for (const earlier of [30, 60]) expect(show.format(time.instant - earlier * 60_000)).not.toBe(wall);
      expect(clock.toInstant(time.instant + offset(time.instant))).toBe(time.instant);
    }),
    { numRuns: 300 },
  );
});
