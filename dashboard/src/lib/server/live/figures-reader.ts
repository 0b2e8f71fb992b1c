import { readProductNames } from '@tillstream/clickhouse/catalog';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Gold } from '@tillstream/clickhouse/gold';
import { readKpis } from '@tillstream/clickhouse/questions/kpis';
import { readSeries } from '@tillstream/clickhouse/questions/series';
import { dateOf } from '@tillstream/clickhouse/shop-calendar';
import type { Figures, LastPurchase, Today } from '../../figures.ts';
import { usualDays, usualRange, WEEKS } from '../../usual-range.ts';
import { EVERYTHING } from '../parameters.ts';
import { readBranches } from '../questions/branches.ts';
import { catalogMark } from '../questions/changes.ts';
import { readLastPurchases } from '../questions/last-purchases.ts';
import { readSameWeekdays } from '../questions/same-weekdays.ts';
import { readToday } from '../questions/today.ts';
import type { Watched } from '../questions/watched.ts';
import { createBatched } from './batched.ts';
import type { LiveSource } from './live.ts';
import { createOncePerMark } from './once-per-mark.ts';
import { createPaced } from './paced.ts';

const DAYS = 30;
/** As many as fill the column beside the charts. */
const PURCHASES = 14;
/** What sold until now is compared with "until the same time": it is read again after this long (ms) without any sale. */
const SAME_MS = 10_000;
/** Names change with the catalog alone. */
const SAME_NAMES_MS = 600_000;
/** Rests of what is read in the background: with one branch watched its own counts, with many that of all of them. */
const REST = { allTime: { own: 16, all: 7 }, past: { own: 64, all: 31 } };

/**
 * Reads everything the page shows. Each card comes from one question, so it shows one moment. The cards that look at
 * today are read whenever something changed, by one query for all branches that are watched; the figures of all time and what lies before today, which a sale hardly
 * ever changes, keep a pace of their own, so that today never waits and costs stay low.
 */
export const createFiguresReader = (
  clickhouse: ClickHouse,
  gold: Gold,
  loyalThreshold: number,
): LiveSource['figures'] => {
  const { calendar } = gold;

  const readNames = createOncePerMark((_: 'all', signal) => readProductNames(clickhouse, signal), SAME_NAMES_MS);

  const readNow = createOncePerMark(
    createBatched(async (watched: Watched[], signal) => {
      const now = Date.now();
      const [today, purchases] = await Promise.all([
        readToday(clickhouse, { watched, now, calendar }, signal),
        readLastPurchases(clickhouse, { watched, now, limit: PURCHASES }, signal),
      ]);
      return new Map(
        [...today].map(([branch, of]) => [branch, { today: of, last_purchases: purchases.get(branch) ?? [] }]),
      );
    }),
    SAME_MS,
  );

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
    const [now, names] = await Promise.all([
      readNow(branch, dayMark, signal),
      readNames('all', catalogMark(mark), signal),
    ]);
    // After it, not beside it: they may take longer and use the pause between two looks.
    const [allTime, past] = await Promise.all([readAllTime(branch, dayMark), readPast(branch, dayMark)]);
    const figures: Figures = {
      today: now.today,
      last_purchases: named(now.last_purchases, names),
      all_time: allTime.value,
      ...past.value,
      days: withToday(past.value.days, now.today),
    };
    return { figures, settled: allTime.settled && past.settled };
  };
};

const named = (purchases: LastPurchase[], names: ReadonlyMap<string, string>): LastPurchase[] =>
  purchases.map((purchase) => ({
    ...purchase,
    products: purchase.products.map((product) => names.get(product) ?? product),
  }));

/** The days with the newest figures of the last one. */
const withToday = (days: Figures['days'], { date, so_far }: Today): Figures['days'] =>
  days.map((day) =>
    day.date === date ? { ...day, purchases: so_far.purchases, revenue_minor: so_far.revenue_minor } : day,
  );
