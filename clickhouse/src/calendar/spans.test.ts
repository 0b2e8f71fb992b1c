import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateOf, shopCalendar } from './shop-calendar.ts';
import { LEVELS, spanAt, spanOfDay, spansIn } from './spans.ts';

const berlin = shopCalendar('Europe/Berlin', '04:00');
const iso = (instant: number) => new Date(instant).toISOString().slice(0, 16);

describe('the span that holds an instant', () => {
  it.each([
    ['slot', '2026-10-25T00:20', '2026-10-25T00:15', '2026-10-25T00:30', '2026-10-24'],
    // Twenty-five hours: the clock is put back at three.
    ['day', '2026-10-25T01:59', '2026-10-24T02:00', '2026-10-25T03:00', '2026-10-24'],
    ['week', '2026-10-25T02:59', '2026-10-17T02:00', '2026-10-25T03:00', '2026-10-17'],
    ['week', '2026-10-25T03:00', '2026-10-25T03:00', '2026-11-01T03:00', '2026-10-25'],
    ['week', '2026-02-08T12:00', '2026-02-01T03:00', '2026-02-09T03:00', '2026-02-01'],
    ['week', '2028-02-29T12:00', '2028-02-25T03:00', '2028-03-01T03:00', '2028-02-25'],
    ['month', '2026-11-01T02:59', '2026-10-01T02:00', '2026-11-01T03:00', '2026-10-01'],
    ['year', '2027-01-01T02:59', '2026-01-01T03:00', '2027-01-01T03:00', '2026-01-01'],
  ] as const)('%s at %s', (level, instant, start, end, firstDay) => {
    const span = spanAt(berlin, level, Date.parse(`${instant}Z`));
    expect([iso(span.start), iso(span.end), dateOf(span.firstDay)]).toEqual([start, end, firstDay]);
  });
});

it('a calendar that skips a day has no span of that day', () => {
  const apia = shopCalendar('Pacific/Apia', '00:00');
  const [last, skipped] = [29, 30].map((day) => spanOfDay(apia, 'day', Date.UTC(2011, 11, day) / 86_400_000));
  expect(skipped?.end).toBe(skipped?.start);
  const [next] = spansIn(apia, 'day', last?.end ?? 0, Number.MAX_SAFE_INTEGER);
  expect(dateOf(next?.firstDay ?? 0)).toBe('2011-12-31');
});

it('spans of a level follow each other, and each is made of whole spans of the level before', () => {
  const zones = ['Europe/Berlin', 'UTC', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom('00:00', '02:30', '04:00'),
      fc.integer({ min: Date.UTC(2000, 0, 3), max: Date.UTC(2040, 0, 1) }),
      fc.integer({ min: 0, max: LEVELS.length - 1 }),
      (zone, dayStart, instant, index) => {
        const calendar = shopCalendar(zone, dayStart);
        const level = LEVELS[index] ?? 'slot';
        const span = spanAt(calendar, level, instant);
        expect(span.start).toBeLessThanOrEqual(instant);
        expect(span.end).toBeGreaterThan(instant);
        expect(spanAt(calendar, level, span.start)).toEqual(span);
        expect(spanAt(calendar, level, span.end).start).toBe(span.end);
        expect(spanAt(calendar, level, span.start - 1).end).toBe(span.start);
        const below = LEVELS[index - 1];
        if (below === undefined) return;
        const parts = [...spansIn(calendar, below, span.start, span.end)];
        expect(parts.at(0)?.start).toBe(span.start);
        expect(parts.at(-1)?.end).toBe(span.end);
      },
    ),
  );
});
