import { BEGINNING, dateOf, END, type Period, type ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';

/** The periods that have a name, in the order in which they are offered. */
export const PERIODS = ['today', 'yesterday', '7d', '30d', '90d', 'month', 'all'] as const;
export type PeriodName = (typeof PERIODS)[number];

/** With what a period is compared. */
export const COMPARISONS = ['before', 'weekdays', 'none'] as const;
export type ComparisonName = (typeof COMPARISONS)[number];

/** What a page looks at; all of it stands in the URL, so that a link shows the same to another person. */
export interface View {
  /** A name, or the first and the last business day, both included. */
  period: PeriodName | { first: string; last: string };
  /** Absent: the whole chain. */
  branch?: string;
  compare: ComparisonName;
}

/** A view as periods of time. Days are `YYYY-MM-DD`, both ends included; absent for all time. */
export interface Resolved {
  current: Period;
  days?: { first: string; last: string };
  /** What the period is compared with; of a period that runs, only the stretch that has passed. */
  before?: Period;
  beforeDays?: { first: string; last: string };
  /** Whether the period is not over: its comparison ends at this time of the clock. */
  running: boolean;
}

/** A view's own names in a query string. */
const OWN = ['period', 'first', 'last', 'branch', 'compare'];
const DEFAULT_PERIOD: PeriodName = '30d';
const DAY = 86_400_000;

/** A single day says most beside the same weekday; a longer period beside the one before it. */
const defaultCompare = (period: View['period']): ComparisonName => {
  const single = typeof period === 'string' ? ['today', 'yesterday'].includes(period) : period.first === period.last;
  return single ? 'weekdays' : 'before';
};

/** Reads a view from a query string. What cannot be read falls back to the default: a broken link still shows figures. */
export const parseView = (get: (name: string) => string | null): View => {
  const [first, last] = [day(get('first')), day(get('last'))];
  const named = PERIODS.find((name) => name === get('period'));
  const period =
    first !== undefined && last !== undefined && first <= last ? { first, last } : (named ?? DEFAULT_PERIOD);
  const compare = COMPARISONS.find((name) => name === get('compare')) ?? defaultCompare(period);
  return { period, branch: get('branch') || undefined, compare: period === 'all' ? 'none' : compare };
};

/** The query string of a view: only what differs from the default, with its `?`; empty when nothing does. */
export const viewQuery = ({ period, branch, compare }: View): string => {
  const query = new URLSearchParams();
  if (typeof period !== 'string') {
    query.set('first', period.first);
    query.set('last', period.last);
  } else if (period !== DEFAULT_PERIOD) query.set('period', period);
  if (branch !== undefined) query.set('branch', branch);
  if (period !== 'all' && compare !== defaultCompare(period)) query.set('compare', compare);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
};

/** The query string of a view in place of the one in `search`; what else stands there, a page's own, stays. */
export const withView = (search: string, view: View): string => {
  const query = new URLSearchParams(viewQuery(view));
  for (const [name, value] of new URLSearchParams(search)) if (!OWN.includes(name)) query.append(name, value);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
};

/** What a view means at a moment (milliseconds) on the shop's calendar. */
export const resolveView = ({ period, compare }: View, calendar: ShopCalendar, now: number): Resolved => {
  if (period === 'all') return { current: { from: BEGINNING, to: END }, running: true };
  const today = calendar.dayOf(now);
  const { first, last } = daysOf(period, today);
  const current = { from: calendar.dayStart(first), to: calendar.dayStart(last + 1) };
  const running = current.from <= now && now < current.to;
  const resolved = { current, days: { first: dateOf(first), last: dateOf(last) }, running };
  if (compare === 'none') return resolved;
  // Of a period that goes on beyond today, only the days until today have anything to compare.
  const lastBegun = Math.max(first, Math.min(last, today));
  const { from, to } = earlierDays({ period, compare, first, last: lastBegun });
  const untilNow = running ? calendar.instantOf(calendar.wallAt(now) - (first - from) * DAY) : Number.POSITIVE_INFINITY;
  const begin = calendar.dayStart(from);
  const end = Math.min(Math.max(untilNow, begin), calendar.dayStart(to + 1));
  return { ...resolved, before: { from: begin, to: end }, beforeDays: { first: dateOf(from), last: dateOf(to) } };
};

const daysOf = (period: Exclude<View['period'], 'all'>, today: number): { first: number; last: number } => {
  if (typeof period !== 'string') return { first: dayNumber(period.first), last: dayNumber(period.last) };
  switch (period) {
    case 'today':
      return { first: today, last: today };
    case 'yesterday':
      return { first: today - 1, last: today - 1 };
    case 'month':
      return { first: firstOfMonth(today, 0), last: today };
    default:
      return { first: today - Number.parseInt(period, 10) + 1, last: today };
  }
};

/** The days (numbers, both included) that the days of a period are compared with. */
const earlierDays = (asked: { period: View['period']; compare: ComparisonName; first: number; last: number }) => {
  const { period, compare, first, last } = asked;
  const length = last - first + 1;
  if (compare === 'weekdays') {
    const shift = Math.ceil(length / 7) * 7;
    return { from: first - shift, to: last - shift };
  }
  if (period !== 'month') return { from: first - length, to: last - length };
  // A month stands beside the month before until the same day; a shorter one ends where it ends.
  const from = firstOfMonth(last, -1);
  return { from, to: Math.min(from + length - 1, firstOfMonth(last, 0) - 1) };
};

const firstOfMonth = (dayNumber: number, months: number): number => {
  const date = new Date(dayNumber * DAY);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) / DAY;
};

const dayNumber = (date: string): number => Date.parse(`${date}T00:00:00Z`) / DAY;

/** A date of this century or the last, or nothing. */
const day = (text: string | null): string | undefined => {
  if (text === null || !/^(19[7-9]\d|20\d\d)-\d{2}-\d{2}$/.test(text)) return undefined;
  const moment = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(moment) || moment < DAY || moment >= END - 2 * DAY) return undefined;
  return new Date(moment).toISOString().slice(0, 10) === text ? text : undefined;
};
