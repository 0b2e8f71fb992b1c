import { expect, test } from 'vitest';
import { startOfDay } from './wall-clock.ts';

test.each([
  ['UTC', '2000-02-01', '2000-02-01T00:00:00.000Z'],
  ['Europe/Berlin', '2000-02-01', '2000-01-31T23:00:00.000Z'],
  ['America/New_York', '2026-07-01', '2026-07-01T04:00:00.000Z'],
  ['Pacific/Kiritimati', '2026-01-01', '2025-12-31T10:00:00.000Z'],
  // The clock was put forward from 00:00 to 01:00.
  ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z'],
])('in %s %s begins at %s', (timeZone, date, instant) => {
  expect(new Date(startOfDay(timeZone, date)).toISOString()).toBe(instant);
});
