import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Gold } from '@tillstream/clickhouse/gold';
import { readKpis } from '@tillstream/clickhouse/questions/kpis';
import { readSeries } from '@tillstream/clickhouse/questions/series';
import { dateOf } from '@tillstream/clickhouse/shop-calendar';
import type { Figures } from '../../figures.ts';
import { usualDays, usualRange, WEEKS } from '../../usual-range.ts';
import { EVERYTHING } from '../parameters.ts';
import { readBranches } from '../questions/branches.ts';
import { readLastPurchases } from '../questions/last-purchases.ts';
import { readSameWeekdays } from '../questions/same-weekdays.ts';
import { readToday } from '../questions/today.ts';
import type { LiveSource } from './live.ts';
import { createPaced } from './paced.ts';

const DAYS = 30;
/** As many as fill the column beside the charts. */
const PURCHASES = 14;

/**
 * Reads everything the page shows. Each card comes from one query, so it shows one moment. The cards that look at
 * today are read each time; what changes less or looks far back keeps a pace of its own, so that today never waits.
 */
export const createFiguresReader = (
  clickhouse: ClickHouse,
  gold: Gold,
  loyalThreshold: number,
): LiveSource['figures'] => {
  const { calendar } = gold;
  const farBack = createPaced(async (branch: string | undefined, signal: AbortSignal) => {
    const day = calendar.dayOf(Date.now());
    // The days that are shown, and those that tell what is usual for them.
    const from = calendar.dayStart(day - DAYS - 7 * WEEKS + 1);
    const month = { branch, from, to: calendar.dayStart(day + 1) };
    const [branches, all_time, { points }, weekdays] = await Promise.all([
      readBranches(clickhouse, signal),
      readKpis(gold, { ...EVERYTHING, branch }, loyalThreshold, { signal }),
      readSeries(gold, month, 'day', signal),
      readSameWeekdays(clickhouse, { branch, day, calendar }, signal),
    ]);
    const usual = usualDays(points, DAYS);
    return {
      branches,
      all_time,
      usual_hours: weekdays.map((base) => usualRange(base) ?? null),
      days: points.slice(-DAYS).map(({ start, purchases, revenue_minor }, index) => ({
        date: dateOf(calendar.dayOf(Date.parse(start))),
        purchases,
        revenue_minor,
        usual: usual[index] ?? null,
      })),
    };
  });

  return async (branch, mark, signal) => {
    const now = Date.now();
    const [today, last_purchases] = await Promise.all([
      readToday(clickhouse, { branch, now, calendar }, signal),
      readLastPurchases(clickhouse, { branch, now, limit: PURCHASES }, signal),
    ]);
    // After the others, not beside them: it may take longer than both and use the pause between two looks.
    const { value, settled } = await farBack(branch, `${mark} ${calendar.dayOf(now)}`);
    const figures: Figures = { today, last_purchases, ...value };
    return { figures, settled };
  };
};
