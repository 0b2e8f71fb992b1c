import type { Scope } from '../../calendar/cover.ts';
import type { Gold } from '../gold.ts';
import { readHoursOfWeek } from './hours.ts';
import { asOf, type Sums, sumsOf } from './totals.ts';

/** All 168 cells: weekday of the business day (1 Monday … 7 Sunday) × hour of the shop's clock. */
export interface WeekGrid {
  as_of: string | null;
  cells: ({ weekday: number; hour: number } & Sums)[];
}

/** Sales by weekday and hour. All figures add up over cells. */
export const readWeekGrid = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<WeekGrid> => {
  const rows = await readHoursOfWeek(gold, 'week_grid', scope, signal);
  const found = new Map(rows.map((row) => [row.at, row]));
  const cells = Array.from({ length: 168 }, (_, at) => ({
    weekday: 1 + Math.floor(at / 24),
    hour: at % 24,
    ...sumsOf(found.get(at)),
  }));
  return { as_of: asOf(rows.map(({ newest }) => newest)), cells };
};
