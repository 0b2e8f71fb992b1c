import { dateOf } from '@tillstream/clickhouse/calendar/shop-calendar';

const MOST_DAYS = 93;

/** Days (numbers since 1970) from the first to the last, as days while a chart can show them, else as months. */
export const pointsOf = (first: number, last: number): { by: 'day' | 'month'; starts: string[] } => {
  const days = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => dateOf(first + index));
  if (days.length <= MOST_DAYS) return { by: 'day', starts: days };
  return { by: 'month', starts: [...new Set(days.map((day) => day.slice(0, 7)))] };
};

/** The point that a day belongs to. */
export const pointOf = (day: number, by: 'day' | 'month'): string => dateOf(day).slice(0, by === 'day' ? 10 : 7);
