import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, NO_TOTALS, type Totals, totalsOf } from './figures.ts';

/** All 168 cells: weekday of the business day (1 Monday … 7 Sunday) × hour of the shop's clock. */
export interface WeekGrid {
  as_of: string | null;
  cells: ({ weekday: number; hour: number } & Totals)[];
}

/** Sales by weekday and hour. Sums add up over cells; customers do not. */
export const readWeekGrid = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<WeekGrid> => {
  const rows = await gold.figures({ name: 'week_grid', scopes: { period: scope }, by: 'weekday', signal });
  const found = new Map(rows.map((row) => [row.weekday * 24 + row.hour, totalsOf(row)]));
  const cells = Array.from({ length: 168 }, (_, index) => {
    const [weekday, hour] = [1 + Math.floor(index / 24), index % 24];
    return { weekday, hour, ...(found.get(weekday * 24 + hour) ?? NO_TOTALS) };
  });
  return { as_of: asOf(rows.map(({ newest }) => newest)), cells };
};
