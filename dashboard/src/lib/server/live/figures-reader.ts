import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Gold } from '@tillstream/clickhouse/gold';
import { readKpis } from '@tillstream/clickhouse/questions/kpis';
import { readSeries } from '@tillstream/clickhouse/questions/series';
import { dateOf } from '@tillstream/clickhouse/shop-calendar';
import type { Figures } from '../../figures.ts';
import { EVERYTHING } from '../parameters.ts';
import { readBranches } from '../questions/branches.ts';
import { readLastPurchases } from '../questions/last-purchases.ts';
import { readToday } from '../questions/today.ts';
import type { LiveSource } from './live.ts';
import { createPaced } from './paced.ts';

const DAYS = 30;
/** As many as fill the column beside the charts. */
const PURCHASES = 14;

/**
 * Reads everything the page shows. Each card comes from one query, so it shows one moment. The cards that look at
 * today are read each time; those that look far back keep a pace of their own, so that today never waits for them.
 */
export const createFiguresReader = (
  clickhouse: ClickHouse,
  gold: Gold,
  loyalThreshold: number,
): LiveSource['figures'] => {
  const { calendar } = gold;
  const farBack = createPaced(async (branch: string | undefined, signal: AbortSignal) => {
    const day = calendar.dayOf(Date.now());
    const month = { branch, from: calendar.dayStart(day - DAYS + 1), to: calendar.dayStart(day + 1) };
    const [all_time, days] = await Promise.all([
      readKpis(gold, { ...EVERYTHING, branch }, loyalThreshold, { signal }),
      readSeries(gold, month, 'day', signal),
    ]);
    return {
      all_time,
      days: days.points.map(({ start, purchases, revenue_minor }) => ({
        date: dateOf(calendar.dayOf(Date.parse(start))),
        purchases,
        revenue_minor,
      })),
    };
  });

  return async (branch, mark, signal) => {
    const now = Date.now();
    const [branches, today, last_purchases, { value, settled }] = await Promise.all([
      readBranches(clickhouse, signal),
      readToday(clickhouse, { branch, now, calendar }, signal),
      readLastPurchases(clickhouse, { branch, now, limit: PURCHASES }, signal),
      farBack(branch, `${mark} ${calendar.dayOf(now)}`),
    ]);
    const figures: Figures = { branches, today, last_purchases, ...value };
    return { figures, settled };
  };
};
