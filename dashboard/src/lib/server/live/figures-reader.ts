import { dateOf } from '@tillstream/clickhouse/calendar/shop-calendar';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { readSeries } from '@tillstream/clickhouse/questions/figures/series';
import type { Gold } from '@tillstream/clickhouse/questions/gold';
import type { Figures, LastPurchase, Today } from '../../figures/figures.ts';
import { usualDays, usualRange, WEEKS } from '../../figures/usual-range.ts';
import { EVERYTHING } from '../api/parameters.ts';
import { readBranches } from '../questions/catalog/branches.ts';
import { readProductNames } from '../questions/catalog/product-names.ts';
import { readLastPurchases } from '../questions/sales/last-purchases.ts';
import { readSameWeekdays } from '../questions/sales/same-weekdays.ts';
import { readToday } from '../questions/sales/today.ts';
import type { Watched } from '../questions/sales/watched.ts';

import type { LiveSource } from './live.ts';
import { createPaced } from './paced.ts';
import type { Versions } from './versions.ts';

const DAYS = 30;
/** As many as fill the column beside the charts. */
const PURCHASES = 14;
/**
 * Pauses after a reading, as multiples of its length: one branch costs a twentieth of the time, many a tenth. A reading
 * takes some 50 ms, so the figures of a few branches follow within a second or two.
 */
const PAUSES = { own: 19, all: 9, ownMostMs: 1_500 };

interface Now {
  today: Today;
  last_purchases: LastPurchase[];
}

/**
 * Reads everything the overview shows. Each card comes from one question, so it shows one moment. Today and the last
 * purchases are read with every change, by one query for all branches that are watched. The figures of all time follow
 * with every change as well, and those of the days before today when something before today has changed; both within a
 * share of the time, so that today never waits for them and many branches do not load the database.
 */
export const createFiguresReader = (
  clickhouse: ClickHouse,
  gold: Gold,
  loyalThreshold: number,
): LiveSource['figures'] => {
  const { calendar } = gold;
  /** Of the last poll: one of the same version waits for slower figures only. */
  let last: { version: string; of: ReadonlyMap<Watched, Now> } = { version: '', of: new Map() };

  const readNow = async (branches: readonly Watched[], version: string, signal: AbortSignal) => {
    const had = last.version === version ? last.of : new Map<Watched, Now>();
    const watched = branches.filter((branch) => !had.has(branch));
    if (watched.length === 0) return had;
    const now = Date.now();
    const [today, purchases] = await Promise.all([
      readToday(clickhouse, { watched, now, calendar }, signal),
      readLastPurchases(clickhouse, { watched, now, limit: PURCHASES }, signal),
    ]);
    const of = new Map(had);
    for (const [branch, found] of today) of.set(branch, { today: found, last_purchases: purchases.get(branch) ?? [] });
    last = { version, of };
    return of;
  };

  const readAllTime = createPaced(
    (branch: Watched, signal) => readKpis(gold, { ...EVERYTHING, branch }, loyalThreshold, { signal }),
    PAUSES,
  );

  const readPast = createPaced(async (branch: Watched, signal) => {
    const day = calendar.dayOf(Date.now());
    // The days that are shown, and those that tell what is usual for them.
    const from = calendar.dayStart(day - DAYS - 7 * WEEKS + 1);
    const month = { branch, from, to: calendar.dayStart(day + 1) };
    const [branches, names, { points }, weekdays] = await Promise.all([
      readBranches(clickhouse, signal),
      readProductNames(clickhouse, signal),
      readSeries(gold, month, 'day', signal),
      readSameWeekdays(gold, { branch, day }, signal),
    ]);
    const usual = usualDays(points, DAYS);
    return {
      names,
      branches,
      usual_hours: weekdays.map((base) => usualRange(base) ?? null),
      days: points.slice(-DAYS).map(({ start, purchases, revenue_minor }, index) => ({
        date: dateOf(calendar.dayOf(Date.parse(start))),
        purchases,
        revenue_minor,
        usual: usual[index] ?? null,
      })),
    };
  }, PAUSES);

  const readOne = async (branch: Watched, now: Now, { all, past }: Versions) => {
    const [allTime, before] = await Promise.all([readAllTime(branch, all), readPast(branch, past)]);
    const { names, branches, usual_hours, days } = before.value;
    const figures: Figures = {
      branches,
      today: now.today,
      all_time: allTime.value,
      days: withToday(days, now.today),
      usual_hours,
      last_purchases: named(now.last_purchases, names),
      behind_since: earliest(allTime.behindSince, before.behindSince),
    };
    return { figures, complete: figures.behind_since === null };
  };

  return async (branches, versions, signal) => {
    const now = await readNow(branches, versions.all, signal);
    const read = branches.map(async (branch) => {
      const found = now.get(branch);
      if (found === undefined) throw new Error('a branch that is watched was not read');
      return [branch, await readOne(branch, found, versions)] as const;
    });
    return new Map(await Promise.all(read));
  };
};

const earliest = (...moments: (number | undefined)[]): string | null => {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? null : new Date(Math.min(...known)).toISOString();
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
