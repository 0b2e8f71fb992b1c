import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Gold } from '@tillstream/clickhouse/gold';
import { readKpis } from '@tillstream/clickhouse/questions/kpis';
import { readSeries } from '@tillstream/clickhouse/questions/series';
import { dateOf } from '@tillstream/clickhouse/shop-calendar';
import type { Figures, Today } from '../../figures.ts';
import { usualDays, usualRange, WEEKS } from '../../usual-range.ts';
import { EVERYTHING } from '../parameters.ts';
import { readBranches } from '../questions/branches.ts';
import { readLastPurchases } from '../questions/last-purchases.ts';
import { readSameWeekdays } from '../questions/same-weekdays.ts';
import { readToday } from '../questions/today.ts';
import type { LiveSource } from './live.ts';
import { createOncePerMark } from './once-per-mark.ts';
import { createPaced } from './paced.ts';

const DAYS = 30;
/** As many as fill the column beside the charts. */
const PURCHASES = 14;
/** What sold until now is compared with "until the same time": it is read again after this long (ms) without any sale. */
const SAME_MS = 10_000;
/** Rests of what is read in the background, as multiples of the time that reading takes. */
const REST = { allTime: 16, past: 64 };

/**
 * Reads everything the page shows. Each card comes from one query, so it shows one moment. The cards that look at
 * today are read whenever something changed; the figures of all time and what lies before today, which a sale hardly
 * ever changes, keep a pace of their own, so that today never waits and costs stay low.
 */
export const createFiguresReader = (
  clickhouse: ClickHouse,
  gold: Gold,
  loyalThreshold: number,
): LiveSource['figures'] => {
  const { calendar } = gold;

  const readNow = createOncePerMark(async (branch: string | undefined, signal) => {
    const now = Date.now();
    const [today, last_purchases] = await Promise.all([
      readToday(clickhouse, { branch, now, calendar }, signal),
      readLastPurchases(clickhouse, { branch, now, limit: PURCHASES }, signal),
    ]);
    return { today, last_purchases };
  }, SAME_MS);

  const readAllTime = createPaced(
    (branch: string | undefined, signal) => readKpis(gold, { ...EVERYTHING, branch }, loyalThreshold, { signal }),
    REST.allTime,
  );

  const readPast = createPaced(async (branch: string | undefined, signal) => {
    const day = calendar.dayOf(Date.now());
    // The days that are shown, and those that tell what is usual for them.
    const from = calendar.dayStart(day - DAYS - 7 * WEEKS + 1);
    const month = { branch, from, to: calendar.dayStart(day + 1) };
    const [branches, { points }, weekdays] = await Promise.all([
      readBranches(clickhouse, signal),
      readSeries(gold, month, 'day', signal),
      readSameWeekdays(clickhouse, { branch, day, calendar }, signal),
    ]);
    const usual = usualDays(points, DAYS);
    return {
      branches,
      usual_hours: weekdays.map((base) => usualRange(base) ?? null),
      days: points.slice(-DAYS).map(({ start, purchases, revenue_minor }, index) => ({
        date: dateOf(calendar.dayOf(Date.parse(start))),
        purchases,
        revenue_minor,
        usual: usual[index] ?? null,
      })),
    };
  }, REST.past);

  return async (branch, mark, signal) => {
    const dayMark = `${mark} ${calendar.dayOf(Date.now())}`;
    const now = await readNow(branch, dayMark, signal);
    // After it, not beside it: they may take longer and use the pause between two looks.
    const [allTime, past] = await Promise.all([readAllTime(branch, dayMark), readPast(branch, dayMark)]);
    const figures: Figures = {
      ...now,
      all_time: allTime.value,
      ...past.value,
      days: withToday(past.value.days, now.today),
    };
    return { figures, settled: allTime.settled && past.settled };
  };
};

/** The days with the newest figures of the last one. */
export const withToday = (days: Figures['days'], { date, so_far }: Today): Figures['days'] =>
  days.map((day) =>
    day.date === date ? { ...day, purchases: so_far.purchases, revenue_minor: so_far.revenue_minor } : day,
  );
