import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { clickhouseTime } from '@tillstream/clickhouse/clickhouse-time';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { ONE_THREAD } from '@tillstream/clickhouse/facts';
import { z } from 'zod';
import { type Sold, WEEKS } from '../../usual-range.ts';

const weeks = Array.from({ length: WEEKS }, (_, week) => week);
const within = (week: number) =>
  `(slot >= {from_${week}:DateTime64(3, 'UTC')} AND slot < {to_${week}:DateTime64(3, 'UTC')})`;

/** Hours since the business day began on the clock, as for today. */
const SQL = `
  SELECT multiIf(${weeks.map((week) => `${within(week)}, ${week}`).join(', ')}, ${WEEKS}) AS week,
    toUInt8(intDiv(positiveModulo(toInt64(toUInt32(slot)) + timeZoneOffset(toTimezone(slot, {time_zone:String})) - {day_start:Int64}, 86400), 3600)) AS hour,
    count() AS purchases, sum(total_minor) AS revenue_minor
  FROM gold.purchases
  WHERE (${weeks.map(within).join(' OR ')}) AND ({branch:String} = '' OR branch_id = {branch:String})
  GROUP BY week, hour
  SETTINGS ${ONE_THREAD}`;

const row = z.object({ week: z.int(), hour: z.int(), purchases: z.int(), revenue_minor: z.int() });

/**
 * The same weekday of the weeks before a business day (its number since 1970): for each of its 24 hours what each of
 * those weeks sold in it. Weeks before the first sale among them are left out.
 */
export const readSameWeekdays = async (
  clickhouse: ClickHouse,
  { branch, day, calendar }: { branch: string | undefined; day: number; calendar: ShopCalendar },
  signal?: AbortSignal,
): Promise<Sold[][]> => {
  const ends = weeks.flatMap((week) => {
    const earlier = day - 7 * (week + 1);
    return [
      [`from_${week}`, clickhouseTime(calendar.dayStart(earlier))],
      [`to_${week}`, clickhouseTime(calendar.dayStart(earlier + 1))],
    ];
  });
  const params = {
    branch: branch ?? '',
    time_zone: calendar.timeZone,
    day_start: calendar.dayStartMinutes * 60,
    ...Object.fromEntries(ends),
  };
  const rows = await clickhouse.rows({ name: 'same_weekdays', sql: SQL, params, row, signal });
  const open = Math.max(-1, ...rows.map(({ week }) => week)) + 1;
  return Array.from({ length: 24 }, (_, hour) =>
    weeks.slice(0, open).map((week) => {
      const found = rows.find((one) => one.week === week && one.hour === hour);
      return { purchases: found?.purchases ?? 0, revenue_minor: found?.revenue_minor ?? 0 };
    }),
  );
};
