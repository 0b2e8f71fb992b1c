import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, NO_TOTALS, TOTALS, type Totals, totalsRow } from './figures.ts';

const SQL = `
  SELECT toDayOfWeek(day) AS weekday, hour, ${TOTALS}
  FROM period GROUP BY weekday, hour`;

const row = z.object({ weekday: z.int(), hour: z.int(), ...totalsRow });

/** All 168 cells: weekday of the business day (1 Monday … 7 Sunday) × hour of the shop's clock. */
export interface WeekGrid {
  as_of: string | null;
  cells: ({ weekday: number; hour: number } & Totals)[];
}

/** Sales by weekday and hour. Sums add up over cells; customers do not. */
export const readWeekGrid = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<WeekGrid> => {
  const rows = await gold.answer({
    name: 'week_grid',
    scopes: { period: scope },
    coarsest: 'year',
    byHour: true,
    byWeekday: true,
    sql: SQL,
    row,
    signal,
  });
  const found = new Map(rows.map(({ newest: _, ...cell }) => [cell.weekday * 24 + cell.hour, cell]));
  const cells = Array.from({ length: 168 }, (_, index) => {
    const [weekday, hour] = [1 + Math.floor(index / 24), index % 24];
    return found.get(weekday * 24 + hour) ?? { weekday, hour, ...NO_TOTALS };
  });
  return { as_of: asOf(rows.map(({ newest }) => newest)), cells };
};
