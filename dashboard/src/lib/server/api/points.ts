import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { badParameters } from './problems.ts';

/** A year by the hour and 27 years by the day; more than that no chart can show. */
const MAX_POINTS = 10_000;

/** Throws a 422 when a series over the scope would have more points than a chart can show. */
export const requireFewPoints = (calendar: ShopCalendar, by: 'hour' | 'day', scope: Scope): void => {
  let points = 0;
  for (const _ of calendar.starts(by, scope)) {
    points += 1;
    if (points > MAX_POINTS) {
      throw badParameters([
        { parameter: 'from', detail: `gives more than ${MAX_POINTS} points by ${by}; ask for less` },
      ]);
    }
  }
};
