import type { Scope } from '../../calendar/cover.ts';
import type { Gold } from '../gold.ts';
import { readHoursOfWeek } from './hours.ts';
import { asOf, type Sums } from './totals.ts';

/** All 24 hours of the shop's clock. */
export interface HourlySales {
  as_of: string | null;
  hours: ({ hour: number } & Sums)[];
}

/** Sales by hour of the shop's clock. All figures add up. */
export const readHourlySales = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<HourlySales> => {
  const rows = await readHoursOfWeek(gold, 'hourly_sales', scope, signal);
  const hours = Array.from({ length: 24 }, (_, hour) => ({ hour, purchases: 0, items: 0, revenue_minor: 0 }));
  for (const { at, purchases, items, revenue_minor } of rows) {
    const sums = hours[at % 24];
    if (sums === undefined) continue;
    sums.purchases += purchases;
    sums.items += items;
    sums.revenue_minor += revenue_minor;
  }
  return { as_of: asOf(rows.map(({ newest }) => newest)), hours };
};
