import type { HourlySales } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, NO_TOTALS, TOTALS, totalsRow } from './figures.ts';

const SQL = `SELECT hour, ${TOTALS} FROM period GROUP BY hour`;

const row = z.object({ hour: z.int(), ...totalsRow });

/** Sales by hour of the shop's clock, all 24. A customer of two hours counts in both: unique customers do not add up. */
export const readHourlySales = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<HourlySales> => {
  const rows = await gold.answer({
    name: 'hourly_sales',
    scopes: { period: scope },
    coarsest: 'year',
    byHour: true,
    sql: SQL,
    row,
    signal,
  });
  const found = new Map(rows.map(({ newest: _, ...hour }) => [hour.hour, hour]));
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    hours: Array.from({ length: 24 }, (_, hour) => found.get(hour) ?? { hour, ...NO_TOTALS }),
  };
};
