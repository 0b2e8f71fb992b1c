import type { HourlySales } from '@tillstream/schemas/read-api';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, NO_TOTALS, totalsOf } from './figures.ts';

/** Sales by hour of the shop's clock, all 24. A customer of two hours counts in both: unique customers do not add up. */
export const readHourlySales = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<HourlySales> => {
  const rows = await gold.figures({ name: 'hourly_sales', scopes: { period: scope }, by: 'hour', signal });
  const found = new Map(rows.map((row) => [row.hour, totalsOf(row)]));
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    hours: Array.from({ length: 24 }, (_, hour) => ({ hour, ...(found.get(hour) ?? NO_TOTALS) })),
  };
};
