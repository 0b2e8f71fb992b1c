/**
 * The shop's calendar: what a date, a clock time, an hour, a day and a month mean as instants.
 * Instants are milliseconds since 1970 (UTC). A "wall" time is what the shop's clock shows, written as if it were UTC.
 */

import { wallClock } from '@tillstream/schemas/values/wall-clock';

const QUARTER = 15 * 60_000;
const HOUR = 4 * QUARTER;
const DAY = 24 * HOUR;

/** Days of some thirty years. */
const MOST_DAY_STARTS = 10_000;

/** Every sale lies between these two: a period that is open at one side reaches to one of them. */
export const BEGINNING = 0;
export const END = Date.UTC(2100, 0, 1);

/** Half-open: a sale at `from` is in, a sale at `to` is not. */
export interface Period {
  from: number;
  to: number;
}

export interface ShopCalendar {
  timeZone: string;
  /** Minutes after midnight, on the clock, at which the business day begins. */
  dayStartMinutes: number;
  /** What the clock shows at an instant. */
  wallAt(instant: number): number;
  /** The first instant at which the clock shows this time or a later one: skipped times are the jump, repeated ones the first. */
  instantOf(wall: number): number;
  /** The business day an instant belongs to, as days since 1970-01-01. */
  dayOf(instant: number): number;
  /** The instant a business day begins. */
  dayStart(day: number): number;
  /** Reads a date (its business day's start) or an instant (the shop's time when it names no zone); undefined when it is neither. */
  parse(text: string): number | undefined;
  /** Reads `YYYY-MM` as the period of that month's business days; undefined when it is no month. */
  parseMonth(text: string): Period | undefined;
  /** Starts of the clock's hours, the business days or the months that meet a period; ascending, the first at or before `from`. */
  starts(by: 'hour' | 'day' | 'month', period: Period): Generator<number>;
}

/** @param businessDayStart `HH:MM` on a quarter of an hour */
export const shopCalendar = (timeZone: string, businessDayStart: string): ShopCalendar => {
  const [hours = 0, minutes = 0] = businessDayStart.split(':').map(Number);
  const dayStartMinutes = hours * 60 + minutes;
  const wallAt = wallClock(timeZone);
  const offsetAt = (instant: number): number => wallAt(instant) - instant;

  const instantOf = (wall: number): number => {
    const candidates = [wall - offsetAt(wall - DAY), wall - offsetAt(wall + DAY)];
    const fitting = candidates.filter((instant) => wallAt(instant) === wall);
    if (fitting.length > 0) return Math.min(...fitting);
    let before = Math.min(...candidates);
    let jump = Math.max(...candidates);
    while (jump - before > 1) {
      const middle = Math.floor((before + jump) / 2);
      if (wallAt(middle) < wall) before = middle;
      else jump = middle;
    }
    return jump;
  };

  // Each takes several looks at the clock, and a year of days is asked for with each question about it.
  const dayStarts = new Map<number, number>();
  const dayStart = (day: number): number => {
    const known = dayStarts.get(day);
    if (known !== undefined) return known;
    const start = instantOf(day * DAY + dayStartMinutes * 60_000);
    if (dayStarts.size >= MOST_DAY_STARTS) dayStarts.clear();
    dayStarts.set(day, start);
    return start;
  };

  const dayOf = (instant: number): number => {
    const day = Math.floor((wallAt(instant) - dayStartMinutes * 60_000) / DAY);
    // When the clock is put back over the start of the day, the day that has begun goes on.
    return instant >= dayStart(day + 1) ? day + 1 : day;
  };

  const nextHour = (start: number): number => {
    if (mod(wallAt(start + HOUR), HOUR) === 0) return start + HOUR;
    // The clock is changed by less than an hour (Lord Howe Island): look at each quarter.
    const hour = Math.floor(wallAt(start) / HOUR);
    let next = start + QUARTER;
    while (Math.floor(wallAt(next) / HOUR) === hour) next += QUARTER;
    return next;
  };

  function* hourStarts({ from, to }: Period) {
    const wall = wallAt(from);
    for (let start = Math.min(from, instantOf(wall - mod(wall, HOUR))); start < to; start = nextHour(start)) {
      if (nextHour(start) > from) yield start;
    }
  }

  function* startsOfDays({ from, to }: Period) {
    let last = Number.NEGATIVE_INFINITY;
    for (let day = dayOf(from); dayStart(day) < to; day++) {
      const start = dayStart(day);
      // A day that the calendar skipped (Samoa, 2011-12-30) has no instant of its own.
      if (start > last) yield start;
      last = start;
    }
  }

  const monthStart = (month: number): number => dayStart(Date.UTC(Math.floor(month / 12), mod(month, 12), 1) / DAY);

  function* monthStarts({ from, to }: Period) {
    const day = new Date(dayOf(from) * DAY);
    let month = day.getUTCFullYear() * 12 + day.getUTCMonth();
    for (; monthStart(month) < to; month++) yield monthStart(month);
  }

  const parse = (text: string): number | undefined => {
    const match = MOMENT.exec(text.trim());
    if (match === null) return undefined;
    const [, date = '', time, seconds = '00', fraction = '', zone] = match;
    // A finer fraction than the millisecond of a sale is rounded up: the sales before it stay the same.
    const milliseconds = Math.ceil(Number(fraction.padEnd(9, '0').slice(0, 9)) / 1e6);
    const wall = Date.parse(`${date}T${time ?? '00:00'}:${seconds}Z`);
    if (Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 10) !== date) return undefined;
    if (time === undefined) return dayStart(wall / DAY);
    if (zone === undefined) return instantOf(wall) + milliseconds;
    const offset = zoneOffset(zone);
    return offset === undefined ? undefined : wall - offset + milliseconds;
  };

  const parseMonth = (text: string): Period | undefined => {
    const match = /^([1-9]\d{3})-(0[1-9]|1[0-2])$/.exec(text);
    if (match === null) return undefined;
    const month = Number(match[1]) * 12 + Number(match[2]) - 1;
    return { from: monthStart(month), to: monthStart(month + 1) };
  };

  const starts = (by: 'hour' | 'day' | 'month', period: Period): Generator<number> =>
    ({ hour: hourStarts, day: startsOfDays, month: monthStarts })[by](period);

  return { timeZone, dayStartMinutes, wallAt, instantOf, dayOf, dayStart, parse, parseMonth, starts };
};

/** A plus sign that was not encoded arrives as a space in a URL: it is taken for the plus it was. */
const MOMENT =
  /^([1-9]\d{3}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?([Zz]|[+\- ]\d{2}:?\d{2})?)?$/;

const zoneOffset = (zone: string): number | undefined => {
  if (zone.toUpperCase() === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 18 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * HOUR + minutes * 60_000);
};

const mod = (value: number, by: number): number => ((value % by) + by) % by;

/** A period without what lies outside of {@link BEGINNING} and {@link END}, which the databases could not hold. */
export const withinTime = ({ from, to }: Period): Period => ({
  from: Math.min(Math.max(from, BEGINNING), END),
  to: Math.min(Math.max(to, BEGINNING), END),
});

/** A business day, given as days since 1970-01-01, as `YYYY-MM-DD`. */
export const dateOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);
