import type { SealState } from './seal-state.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/** What a question is about: sales at `from` count, those at `to` do not (milliseconds since 1970). */
export interface Scope {
  from: number;
  to: number;
  /** One branch; absent: the chain. */
  branch?: string;
}

/** From which rows the figures of a scope may be put together; `slot` reads no longer ones than a quarter of an hour. */
export type Coarsest = 'slot' | 'day' | 'month' | 'year';

/**
 * How a scope is covered: sealed years, months and days are taken whole, all other days are open and are put together
 * from slots or facts. It is a guess as far as it rests on a {@link SealState}, which may have changed: the query
 * checks it.
 */
export interface Cover {
  /** First days of the years and months taken whole, and the days. Days since 1970. */
  years: number[];
  months: number[];
  days: number[];
  openDays: number[];
  /** The dates in UTC which the open days meet, for the index. */
  openDates: number[];
  /** About how many facts the open days hold. */
  openFacts: number;
  /** The business days of the scope, both ends included: all their facts must be in what is taken whole or open. */
  firstDay: number;
  lastDay: number;
}

const DAY_MS = 86_400_000;

/** Covers a scope with the longest spans that are sealed. */
export const coverOf = ({ from, to }: Scope, coarsest: Coarsest, calendar: ShopCalendar, state: SealState): Cover => {
  const cover: Cover = {
    years: [],
    months: [],
    days: [],
    openDays: [],
    openDates: [],
    openFacts: 0,
    firstDay: Math.max(0, calendar.dayOf(from)),
    lastDay: Math.max(0, calendar.dayOf(Math.max(from, to - 1))),
  };
  const openDates = new Set<number>();
  const isWhole = (first: number, after: number) => calendar.dayStart(first) >= from && calendar.dayStart(after) <= to;
  const last = Math.min(cover.lastDay, state.days?.last ?? -1);
  for (let day = Math.max(cover.firstDay, state.days?.first ?? 0); day <= last; day++) {
    const [year, month] = [firstOfYear(day), firstOfMonth(day)];
    if (coarsest === 'year' && !state.openYears.has(year) && isWhole(year, firstOfYear(year, 1))) {
      cover.years.push(year);
      day = firstOfYear(year, 1) - 1;
    } else if (
      (coarsest === 'year' || coarsest === 'month') &&
      !state.openMonths.has(month) &&
      isWhole(month, firstOfMonth(month, 1))
    ) {
      cover.months.push(month);
      day = firstOfMonth(month, 1) - 1;
    } else if (!state.openDays.has(day) && isWhole(day, day + 1)) {
      cover.days.push(day);
    } else {
      cover.openDays.push(day);
      cover.openFacts += state.facts.get(day) ?? 0;
      const end = Math.floor((calendar.dayStart(day + 1) - 1) / DAY_MS);
      for (let date = Math.floor(calendar.dayStart(day) / DAY_MS); date <= end; date++) openDates.add(date);
    }
  }
  return { ...cover, openDates: [...openDates] };
};

/** First day of the month that a day belongs to, or of one so many months later. */
export const firstOfMonth = (day: number, later = 0): number => {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later, 1) / DAY_MS;
};

/** First day of the year that a day belongs to, or of one so many years later. */
export const firstOfYear = (day: number, later = 0): number =>
  Date.UTC(new Date(day * DAY_MS).getUTCFullYear() + later, 0, 1) / DAY_MS;

/** Days of a month after which its next week begins; the last one takes what is left. */
const DAYS_OF_WEEK = 8;

/** First day of the week of a month that a day belongs to, or of the next one: its 1st, 9th, 17th or 25th. */
export const firstOfWeek = (day: number, later: 0 | 1 = 0): number => {
  const month = firstOfMonth(day);
  const week = Math.min(3, Math.floor((day - month) / DAYS_OF_WEEK)) + later;
  return week > 3 ? firstOfMonth(day, 1) : month + week * DAYS_OF_WEEK;
};

/** SQL for the same of a `Date`. */
export const firstOfWeekSql = (day: string): string =>
  `toStartOfMonth(${day}) + ${DAYS_OF_WEEK} * least(intDiv(toDayOfMonth(${day}) - 1, ${DAYS_OF_WEEK}), 3)`;

/** Some days, ascending, as the weeks of months that lie among them as a whole and are sealed, and the other days. */
export const inWeeks = (days: readonly number[], { openWeeks }: SealState): { weeks: number[]; days: number[] } => {
  const among = new Set(days);
  const weeks = [...new Set(days.map((day) => firstOfWeek(day)))].filter((week) => {
    for (let day = week; day < firstOfWeek(week, 1); day++) if (!among.has(day)) return false;
    return !openWeeks.has(week);
  });
  const whole = new Set(weeks);
  return { weeks, days: days.filter((day) => !whole.has(firstOfWeek(day))) };
};
