import { shopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMPARISONS, PERIODS, parseView, resolveView, type View, viewQuery, withView } from './view.ts';

const read = (query: string) => {
  const search = new URLSearchParams(query);
  return parseView((name) => search.get(name));
};
const berlin = shopCalendar('Europe/Berlin', '04:00');
const at = (text: string) => berlin.parse(text) ?? Number.NaN;
const DAY = 86_400_000;

describe('the URL of a view', () => {
  it('holds only what was chosen', () => {
    expect(viewQuery(read(''))).toBe('');
    expect(read('')).toEqual({ period: '30d', branch: undefined, compare: 'before' });
    expect(read('period=today').compare).toBe('weekdays');
    expect(viewQuery(read('period=today&compare=weekdays'))).toBe('?period=today');
    expect(viewQuery(read('period=7d&branch=A%26B&compare=none'))).toBe('?period=7d&branch=A%26B&compare=none');
  });

  it('takes the place of another and leaves what is no part of a view', () => {
    const other = '?sort=-revenue&period=all&branch=B&search=a%26b';
    expect(withView(other, read('period=7d'))).toBe('?period=7d&sort=-revenue&search=a%26b');
    expect(withView('?period=all', read(''))).toBe('');
  });

  it('falls back where it cannot be read', () => {
    for (const query of [
      'period=nonsense',
      'first=2026-02-30&last=2026-03-01',
      'first=2026-03-02&last=2026-03-01',
      'first=2026-03-02',
      'first=9999-01-01&last=9999-01-02',
      'compare=%00',
    ]) {
      expect(read(query)).toEqual(read(''));
    }
  });

  it('gives back any view', () => {
    const date = fc.integer({ min: 1, max: 40_000 }).map((number) => new Date(number * DAY).toISOString().slice(0, 10));
    const view: fc.Arbitrary<View> = fc.record({
      period: fc.oneof(
        fc.constantFrom(...PERIODS.filter((name) => name !== 'all')),
        fc.tuple(date, date).map(([a, b]) => (a < b ? { first: a, last: b } : { first: b, last: a })),
      ),
      branch: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      compare: fc.constantFrom(...COMPARISONS),
    });
    fc.assert(
      fc.property(view, (given) => {
        expect(read(viewQuery(given))).toEqual(given);
      }),
    );
  });
});

describe('the periods of a view', () => {
  const now = at('2026-11-20T14:05');

  it('a period that runs is compared with the same stretch', () => {
    const today = resolveView(read('period=today'), berlin, now);
    expect(today).toEqual({
      current: { from: at('2026-11-20T04:00'), to: at('2026-11-21T04:00') },
      days: { first: '2026-11-20', last: '2026-11-20' },
      before: { from: at('2026-11-13T04:00'), to: at('2026-11-13T14:05') },
      beforeDays: { first: '2026-11-13', last: '2026-11-13' },
      running: true,
    });
    const week = resolveView(read('period=7d'), berlin, now);
    expect(week.days).toEqual({ first: '2026-11-14', last: '2026-11-20' });
    expect(week.before).toEqual({ from: at('2026-11-07T04:00'), to: at('2026-11-13T14:05') });
  });

  it('a period that is over is compared with a whole one', () => {
    const yesterday = resolveView(read('period=yesterday&compare=before'), berlin, now);
    expect(yesterday.before).toEqual({ from: at('2026-11-18T04:00'), to: at('2026-11-19T04:00') });
    expect(yesterday.running).toBe(false);
    const dates = resolveView(read('first=2026-11-02&last=2026-11-11&compare=weekdays'), berlin, now);
    expect(dates.beforeDays).toEqual({ first: '2026-10-19', last: '2026-10-28' });
  });

  it('a month stands beside the month before, which may be shorter', () => {
    const march = resolveView(read('period=month'), berlin, at('2026-03-30T10:00'));
    expect(march.days).toEqual({ first: '2026-03-01', last: '2026-03-30' });
    expect(march.before).toEqual({ from: at('2026-02-01'), to: at('2026-03-01') });
    const first = resolveView(read('period=month'), berlin, at('2026-03-01T10:00'));
    expect(first.before).toEqual({ from: at('2026-02-01'), to: at('2026-02-01T10:00') });
  });

  it("the night before the day's start belongs to the day before", () => {
    expect(resolveView(read('period=today'), berlin, at('2026-11-20T03:59')).days?.first).toBe('2026-11-19');
  });

  it('dates that reach into the future are compared as far as they have come', () => {
    const dates = resolveView(read('first=2026-11-19&last=2026-11-30'), berlin, now);
    expect(dates.before).toEqual({ from: at('2026-11-17T04:00'), to: at('2026-11-18T14:05') });
    const future = resolveView(read('first=2027-01-01&last=2027-01-03'), berlin, now);
    expect(future.running).toBe(false);
  });

  it('across changes of the clock, in any zone', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia'];
    const starts = ['00:00', '02:30', '04:00'];
    const instants = fc.integer({ min: Date.UTC(2012, 0, 10), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...starts),
        fc.constantFrom(...PERIODS.filter((name) => name !== 'all')),
        fc.constantFrom('before' as const, 'weekdays' as const),
        instants,
        (zone, start, period, compare, moment) => {
          const calendar = shopCalendar(zone, start);
          const { current, before, days, beforeDays, running } = resolveView({ period, compare }, calendar, moment);
          if (before === undefined || days === undefined || beforeDays === undefined) throw new Error('no comparison');
          expect(before.from).toBeLessThanOrEqual(before.to);
          // What is compared never overlaps.
          expect(before.to).toBeLessThanOrEqual(current.from);
          expect(running).toBe(period !== 'yesterday');
          // The same length in days and at the same time of the clock, but where a month is shorter.
          const length = (pair: { first: string; last: string }) =>
            (Date.parse(pair.last) - Date.parse(pair.first)) / DAY;
          if (period !== 'month') expect(length(beforeDays)).toBe(length(days));
          if (compare === 'weekdays') {
            expect(new Date(beforeDays.first).getUTCDay()).toBe(new Date(days.first).getUTCDay());
          }
          expect(calendar.dayStart(Date.parse(beforeDays.first) / DAY)).toBe(before.from);
        },
      ),
      { numRuns: 300 },
    );
  });
});
