/**
 * Spans of the shop's business days: a slot of a quarter hour, a day, a week, a month, a year. Each one is made of whole
 * spans of the level before it. Instants are milliseconds since 1970.
 */

import type { ShopCalendar } from './shop-calendar.ts';

/** From the shortest to the longest. */
export const LEVELS = ['slot', 'day', 'week', 'month', 'year'] as const;
export type Level = (typeof LEVELS)[number];

export const QUARTER = 15 * 60_000;
const DAY = 24 * 60 * 60_000;

/** Slots of branches are kept for the day that holds the horizon and for so many days before it. */
export const SLOT_DAYS = 60;

/** One span: [start, end). */
export interface Span {
  level: Level;
  start: number;
  end: number;
  /** The business day that holds `start`, as days since 1970-01-01. */
  firstDay: number;
}

/** A week is a piece of a month, so that months are made of whole ones: it begins on the 1st, 9th, 17th or 25th. */
const WEEK_DAYS = 8;
const WEEKS = 4;

/** The first business days of the span that holds a day and of the one after it. A day of the calendar that was skipped has none. */
const daysOf = (level: Exclude<Level, 'slot'>, day: number): [first: number, next: number] => {
  const date = new Date(day * DAY);
  const [year, month, dayOfMonth] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const dayNumber = (y: number, m: number, d: number) => Date.UTC(y, m, d) / DAY;
  switch (level) {
    case 'day':
      return [day, day + 1];
    case 'week': {
      const week = Math.min(WEEKS - 1, Math.floor((dayOfMonth - 1) / WEEK_DAYS));
      const first = dayNumber(year, month, 1 + week * WEEK_DAYS);
      return [first, week === WEEKS - 1 ? dayNumber(year, month + 1, 1) : first + WEEK_DAYS];
    }
    case 'month':
      return [dayNumber(year, month, 1), dayNumber(year, month + 1, 1)];
    case 'year':
      return [dayNumber(year, 0, 1), dayNumber(year + 1, 0, 1)];
  }
};

/**
 * The date (days since 1970-01-01) that names the week, month or year of a business day: its first one, even where the calendar has
 * skipped that day.
 */
export const dateOf = (level: 'week' | 'month' | 'year', day: number): number => daysOf(level, day)[0];

/** The span of a level that holds a business day (days since 1970-01-01). */
export const spanOfDay = (calendar: ShopCalendar, level: Exclude<Level, 'slot'>, day: number): Span => {
  const [first, next] = daysOf(level, day);
  const start = calendar.dayStart(first);
  return { level, start, end: calendar.dayStart(next), firstDay: calendar.dayOf(start) };
};

/** The span of a level that holds an instant. */
export const spanAt = (calendar: ShopCalendar, level: Level, instant: number): Span => {
  const day = calendar.dayOf(instant);
  if (level !== 'slot') return spanOfDay(calendar, level, day);
  const start = Math.floor(instant / QUARTER) * QUARTER;
  return { level, start, end: start + QUARTER, firstDay: day };
};

/** The spans of a level that end within [from, to], in order. */
export function* spansIn(calendar: ShopCalendar, level: Level, from: number, to: number): Generator<Span> {
  let span = spanAt(calendar, level, from);
  if (span.start < from) span = spanAt(calendar, level, span.end);
  for (; span.end <= to; span = spanAt(calendar, level, span.end)) yield span;
}

/** The instant from which on slots of branches are read when everything before `horizon` is sealed. */
export const slotsReadFrom = (calendar: ShopCalendar, horizon: number): number =>
  calendar.dayStart(calendar.dayOf(horizon) - SLOT_DAYS);
