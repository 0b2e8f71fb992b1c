import { coverOf, coverOfBoth } from '@tillstream/clickhouse/calendar/cover';
import { slotsReadFrom } from '@tillstream/clickhouse/calendar/spans';
import { type Gold, READ } from '@tillstream/clickhouse/questions/gold';
import { Parameters } from '@tillstream/clickhouse/questions/parameters';
import { rowsOf } from '@tillstream/clickhouse/questions/rows';
import { z } from 'zod';
import { type Sold, WEEKS } from '../../../figures/usual-range.ts';
import { HOUR_OF_BUSINESS_DAY, hourParams } from './hour-of-business-day.ts';

const weeks = Array.from({ length: WEEKS }, (_, week) => week);

const row = z.object({ week: z.int(), hour: z.int(), purchases: z.int(), revenue_minor: z.int() });

/**
 * The same weekday of the weeks before a business day (its number since 1970): for each of its 24 hours what each of
 * those weeks sold in it. Weeks before the first sale among them are left out. Hours count from the beginning of the
 * business day, as for today, so they are put together from slots.
 */
export const readSameWeekdays = async (
  gold: Gold,
  { branch, day }: { branch: string | undefined; day: number },
  signal?: AbortSignal,
): Promise<Sold[][]> => {
  const { calendar, clickhouse } = gold;
  const { dayStart } = calendar;
  const now = await gold.now();
  const parameters = new Parameters();
  const days = weeks.map((week) => {
    const earlier = day - 7 * (week + 1);
    return { from: dayStart(earlier), to: dayStart(earlier + 1) };
  });
  const slots = { coarsest: 'slot', slotsFrom: slotsReadFrom(calendar, now.horizon) } as const;
  const cover = days.map((period) => coverOf(calendar, period, now.horizon, slots)).reduce(coverOfBoth);
  const scope = { branch, from: dayStart(day - 7 * WEEKS), to: dayStart(day) };
  const rows = rowsOf({ gold, now, parameters }, scope, cover, {
    columns: ['purchases', 'revenue_minor'],
    keys: { slot: ['start', 'slot'] },
  });
  const weekOf = days.map(({ from }, week) => `slot >= ${parameters.seconds('day', from)}, ${week}`);
  const sql = `
    SELECT multiIf(${weekOf.join(', ')}, ${WEEKS}) AS week, ${HOUR_OF_BUSINESS_DAY} AS hour,
      sum(purchases) AS purchases, sum(revenue_minor) AS revenue_minor
    FROM ${rows} GROUP BY week, hour HAVING purchases > 0 OR revenue_minor != 0 ${READ}`;
  const params = { ...parameters.values, ...hourParams(calendar) };
  const found = await clickhouse.rows({ name: 'same_weekdays', sql, params, row, signal });
  const open = Math.max(-1, ...found.map(({ week }) => week)) + 1;
  return Array.from({ length: 24 }, (_, hour) =>
    weeks.slice(0, open).map((week) => {
      const sold = found.find((one) => one.week === week && one.hour === hour);
      return { purchases: sold?.purchases ?? 0, revenue_minor: sold?.revenue_minor ?? 0 };
    }),
  );
};
