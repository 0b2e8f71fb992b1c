import type { ShopCalendar } from './calendar/shop-calendar.ts';
import type { SealState } from './seal-state.ts';

/** What a question is about: sales at `from` count, those at `to` do not (milliseconds since 1970). */
export interface Scope {
  from: number;
  to: number;
  /** One branch; absent: the chain. */
  branch?: string;
}

/** From which rows the figures of a scope may be put together; `slot` reads no longer ones than a quarter of an hour. */
export type Coarsest = 'slot' | 'day' | 'month' | 'year';

/** Spans that are taken whole: first days of years and months, and days. Days since 1970. */
export interface Spans {
  years: number[];
  months: number[];
  days: number[];
}

/**
 * How a scope is covered: sealed years, months and days are taken whole, all other days are open and are put together
 * from slots or facts. It is a guess as far as it rests on a {@link SealState}, which may have changed: the query
 * checks it.
 */
export interface Cover extends Spans {
  openDays: number[];
  /** The dates in UTC which the open days meet, for the index. */
  openDates: number[];
  /** About how many facts the open days hold, of all branches; and how many the spans do. */
  openFacts: number;
  sealedFacts: number;
  /** The business days of the scope, both ends included: all their facts must be in what is taken whole or open. */
  firstDay: number;
  lastDay: number;
  /** Where the first of them begins and the last one ends (ms since 1970). */
  begins: number;
  ends: number;
}

const DAY_MS = 86_400_000;

/** Covers a scope with the longest spans that are sealed. */
export const coverOf = (scope: Scope, coarsest: Coarsest, calendar: ShopCalendar, state: SealState): Cover =>
  coverBy(scope, calendar, state, {
    year: (start) => coarsest === 'year' && !state.openYears.has(start),
    month: (start) => (coarsest === 'year' || coarsest === 'month') && !state.openMonths.has(start),
    day: (start) => !state.openDays.has(start),
  });

/** Covers a scope with exactly these spans, all else being open; undefined when one of them does not lie within the scope. */
export const coverWith = (spans: Spans, scope: Scope, calendar: ShopCalendar, state: SealState): Cover | undefined => {
  const [years, months, days] = [new Set(spans.years), new Set(spans.months), new Set(spans.days)];
  const cover = coverBy(scope, calendar, state, {
    year: (start) => years.has(start),
    month: (start) => months.has(start),
    day: (start) => days.has(start),
  });
  return spansIn(cover) === spansIn(spans) ? cover : undefined;
};

/** How many spans there are. */
export const spansIn = ({ years, months, days }: Spans): number => years.length + months.length + days.length;

type Takes = Record<'year' | 'month' | 'day', (start: number) => boolean>;

const coverBy = ({ from, to }: Scope, calendar: ShopCalendar, state: SealState, takes: Takes): Cover => {
  const [firstDay, lastDay] = [Math.max(0, calendar.dayOf(from)), Math.max(0, calendar.dayOf(Math.max(from, to - 1)))];
  const cover: Cover = {
    years: [],
    months: [],
    days: [],
    openDays: [],
    openDates: [],
    openFacts: 0,
    sealedFacts: 0,
    firstDay,
    lastDay,
    begins: Math.max(0, calendar.dayStart(firstDay)),
    ends: calendar.dayStart(lastDay + 1),
  };
  const openDates = new Set<number>();
  // Asking the calendar takes its time: only the first and the last day may lie outside the scope in part.
  const isWhole = (first: number, after: number) =>
    (first > cover.firstDay || calendar.dayStart(first) >= from) &&
    (after <= cover.lastDay || calendar.dayStart(after) <= to);
  const last = Math.min(cover.lastDay, state.days?.last ?? -1);
  const take = (first: number, after: number) => {
    for (let day = first; day < after; day++) cover.sealedFacts += state.facts.get(day) ?? 0;
  };
  for (let day = Math.max(cover.firstDay, state.days?.first ?? 0); day <= last; day++) {
    const [year, month] = [firstOfYear(day), firstOfMonth(day)];
    if (takes.year(year) && isWhole(year, firstOfYear(year, 1))) {
      cover.years.push(year);
      take(year, firstOfYear(year, 1));
      day = firstOfYear(year, 1) - 1;
    } else if (takes.month(month) && isWhole(month, firstOfMonth(month, 1))) {
      cover.months.push(month);
      take(month, firstOfMonth(month, 1));
      day = firstOfMonth(month, 1) - 1;
    } else if (takes.day(day) && isWhole(day, day + 1)) {
      cover.days.push(day);
      take(day, day + 1);
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
