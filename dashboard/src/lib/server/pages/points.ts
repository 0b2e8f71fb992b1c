import { dateOf, type Period } from '@tillstream/clickhouse/calendar/shop-calendar';

const MOST_DAYS = 93;

/** Days (numbers since 1970) from the first to the last, as days while a chart can show them, else as months. */
export const pointsOf = (first: number, last: number): { by: 'day' | 'month'; starts: string[] } => {
  const days = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => dateOf(first + index));
  if (days.length <= MOST_DAYS) return { by: 'day', starts: days };
  return { by: 'month', starts: [...new Set(days.map((day) => day.slice(0, 7)))] };
};

/** Units and revenue of a business day (since 1970). */
export interface DaySold {
  day: number;
  units: number;
  revenue_minor: number;
}

/** Which points a trend has: from the period's first day, or the first of `days` when it has none, until its last or today. */
export const pointsWithin = (
  days: readonly number[],
  scope: Period,
  { today, dayOf }: { today: number; dayOf: (instant: number) => number },
): ReturnType<typeof pointsOf> => {
  const first = scope.from > 0 ? dayOf(scope.from) : Math.min(today, ...days);
  return pointsOf(first, Math.max(Math.min(dayOf(scope.to - 1), today), ...days));
};

/** What was sold at each point. */
export const trendOf = (
  sold: readonly DaySold[],
  { by, starts }: ReturnType<typeof pointsOf>,
): { start: string; units: number; revenue_minor: number }[] => {
  const found = new Map(starts.map((start) => [start, { start, units: 0, revenue_minor: 0 }]));
  for (const { day, units, revenue_minor } of sold) {
    const point = found.get(pointOf(day, by));
    if (point === undefined) continue;
    point.units += units;
    point.revenue_minor += revenue_minor;
  }
  return [...found.values()];
};

/** The point that a day belongs to. */
export const pointOf = (day: number, by: 'day' | 'month'): string => dateOf(day).slice(0, by === 'day' ? 10 : 7);
