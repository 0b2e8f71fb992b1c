import { expect, test } from 'vitest';
import { shopCalendar } from './calendar/shop-calendar.ts';
import { coverOf, coverWith, firstOfWeek, inWeeks } from './cover.ts';
import type { SealState } from './seal-state.ts';

const calendar = shopCalendar('Europe/Berlin', '04:00');
const dayOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
const startOf = (date: string) => calendar.dayStart(dayOf(date));
const dates = (days: readonly number[]) => days.map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));

/** Two years of sales until a Wednesday; the last day, its month and its year are open. */
const state = (open: { days?: string[]; weeks?: string[]; months?: string[]; years?: string[] } = {}): SealState => ({
  days: { first: dayOf('2023-06-10'), last: dayOf('2025-03-12') },
  openDays: new Set(['2025-03-12', ...(open.days ?? [])].map(dayOf)),
  openWeeks: new Set(['2025-03-09', ...(open.weeks ?? [])].map(dayOf)),
  openMonths: new Set(['2025-03-01', ...(open.months ?? [])].map(dayOf)),
  openYears: new Set(['2025-01-01', ...(open.years ?? [])].map(dayOf)),
  facts: new Map([[dayOf('2025-03-12'), 70]]),
  hashes: new Map(),
  seals: '0',
});
const ALL = { from: 0, to: Date.UTC(2100, 0, 1) };

test('all time is years, then months of this year, then days of this month, and today is open', () => {
  const cover = coverOf(ALL, 'year', calendar, state());
  expect(dates(cover.years)).toEqual(['2023-01-01', '2024-01-01']);
  expect(dates(cover.months)).toEqual(['2025-01-01', '2025-02-01']);
  expect(dates(cover.days)).toEqual(Array.from({ length: 11 }, (_, i) => `2025-03-${String(i + 1).padStart(2, '0')}`));
  expect(dates(cover.openDays)).toEqual(['2025-03-12']);
  expect(cover.openFacts).toBe(70);
  // From 4 o'clock to 4 o'clock in Berlin: two dates in UTC.
  expect(dates(cover.openDates)).toEqual(['2025-03-12', '2025-03-13']);
});

test('a question that tells months or days apart gets none longer', () => {
  expect(coverOf(ALL, 'month', calendar, state()).years).toEqual([]);
  expect(coverOf(ALL, 'month', calendar, state()).months).toHaveLength(21);
  const byDay = coverOf(ALL, 'day', calendar, state());
  expect([byDay.years, byDay.months]).toEqual([[], []]);
  expect(byDay.days).toHaveLength(dayOf('2025-03-12') - dayOf('2023-06-10'));
});

test('a late sale opens its day, its month and its year, and nothing else', () => {
  const late = state({ days: ['2024-05-17'], months: ['2024-05-01'], years: ['2024-01-01'] });
  const cover = coverOf(ALL, 'year', calendar, late);
  expect(dates(cover.years)).toEqual(['2023-01-01']);
  expect(dates(cover.months)).not.toContain('2024-05-01');
  expect(cover.months).toHaveLength(13);
  expect(dates(cover.openDays)).toEqual(['2024-05-17', '2025-03-12']);
});

test('what a scope cuts is open, and its ends decide which facts must be covered', () => {
  const scope = { from: startOf('2024-12-30') + 1, to: startOf('2025-02-01') + 1 };
  const cover = coverOf(scope, 'year', calendar, state());
  expect([cover.years, dates(cover.months)]).toEqual([[], ['2025-01-01']]);
  expect(dates(cover.days)).toEqual(['2024-12-31']);
  expect(dates(cover.openDays)).toEqual(['2024-12-30', '2025-02-01']);
  expect(dates([cover.firstDay, cover.lastDay])).toEqual(['2024-12-30', '2025-02-01']);
});

test('without facts there is nothing to cover', () => {
  const nothing = {
    openDays: new Set<number>(),
    openWeeks: new Set<number>(),
    openMonths: new Set<number>(),
    openYears: new Set<number>(),
    facts: new Map(),
    hashes: new Map(),
    seals: '0',
  };
  const { years, months, days, openDays } = coverOf(ALL, 'year', calendar, nothing);
  expect([years, months, days, openDays]).toEqual([[], [], [], []]);
});

test('spans that were taken once cover a scope together with what is open besides', () => {
  const now = {
    ...state(),
    facts: new Map(
      [
        ['2025-03-10', 5],
        ['2025-03-11', 6],
        ['2025-03-12', 70],
      ].map(([date, rows]) => [dayOf(String(date)), Number(rows)]),
    ),
  };
  const { years, months, days } = coverOf(ALL, 'year', calendar, now);
  const cover = coverWith({ years, months, days: days.slice(0, -1) }, ALL, calendar, now);
  expect(cover?.openDays.map((day) => dates([day])[0])).toEqual(['2025-03-11', '2025-03-12']);
  expect([cover?.openFacts, cover?.sealedFacts]).toEqual([76, 5]);
});

test('spans that do not lie within a scope cover nothing of it', () => {
  const { years, months, days } = coverOf(ALL, 'year', calendar, state());
  expect(
    coverWith({ years, months, days }, { ...ALL, from: startOf('2024-01-02') }, calendar, state()),
  ).toBeUndefined();
  expect(
    coverWith(
      { years: [], months: [], days: [dayOf('2025-03-11')] },
      { ...ALL, to: startOf('2025-03-12') - 1 },
      calendar,
      state(),
    ),
  ).toBeUndefined();
});

test('weeks of a month begin on its 1st, 9th, 17th and 25th, and the last one ends with it', () => {
  const weeks = (of: string) =>
    [...new Set(Array.from({ length: 31 }, (_, day) => firstOfWeek(dayOf(of) + day)))].map((day) => dates([day])[0]);
  expect(weeks('2024-12-01')).toEqual(['2024-12-01', '2024-12-09', '2024-12-17', '2024-12-25']);
  expect(dates([firstOfWeek(dayOf('2025-02-28')), firstOfWeek(dayOf('2025-02-28'), 1)])).toEqual([
    '2025-02-25',
    '2025-03-01',
  ]);
  expect(dates([firstOfWeek(dayOf('2024-12-31'), 1)])).toEqual(['2025-01-01']);
});

test('days are taken as weeks where a week lies among them as a whole and is sealed', () => {
  const scope = { from: startOf('2025-01-20'), to: ALL.to };
  const cover = coverOf(scope, 'day', calendar, state());
  const { weeks, days } = inWeeks(cover.days, state({ weeks: ['2025-02-17'] }));
  expect(dates(weeks)).toEqual(['2025-01-25', '2025-02-01', '2025-02-09', '2025-02-25', '2025-03-01']);
  expect(dates(days)).toEqual([
    ...['20', '21', '22', '23', '24'].map((day) => `2025-01-${day}`),
    ...['17', '18', '19', '20', '21', '22', '23', '24'].map((day) => `2025-02-${day}`),
    ...['09', '10', '11'].map((day) => `2025-03-${day}`),
  ]);
});
