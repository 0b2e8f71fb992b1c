import { SLOT_DAYS, spanOfDay } from '../calendar/spans.ts';
import type { Place, SealContext } from './context.ts';
import { sealEmpty } from './tables/empty.ts';
import { type Fold, foldAcross, foldUp } from './tables/fold.ts';
import { sealDays, sealSlots } from './tables/from-facts.ts';
import { staleDays, staleSlots } from './tables/stale.ts';

/** Until when (ms since 1970) to seal, and the country of each branch. */
export interface SealUntil {
  horizon: number;
  countries: ReadonlyMap<string, string>;
}

/** How many rows were found stale and sealed anew, folds apart. */
export interface SealedRows {
  slots: number;
  days: number;
  milestones: number;
}

export const NOTHING_SEALED: SealedRows = { slots: 0, days: 0, milestones: 0 };

/**
 * Seals anew what is stale in some business days, then all that is folded from them. May stop at any point: what is left is still stale, or
 * a fold that does not have the fingerprint of its parts, and the next proof finds it.
 *
 * @param days since 1970
 * @param ended days that were the open one until now: whatever ends with them is folded although nothing in them is stale
 */
export const sealStaleDays = async (
  context: SealContext,
  { horizon, countries }: SealUntil,
  days: readonly number[],
  ended: readonly number[] = [],
): Promise<SealedRows> => {
  const { calendar } = context;
  const openDay = calendar.dayOf(horizon);

  const kept = days.filter((day) => day >= openDay - SLOT_DAYS);
  const slots = await staleSlots(context, rangesOf(context, kept, horizon));
  await sealSlots(context, slots.held);
  await sealEmpty(
    context,
    slots.empty.map(({ at, branch }) => ({
      ...({ level: 'slot', scope: 'branch', place: branch } as const),
      ...{ start: at * 1000, firstDay: calendar.dayOf(at * 1000) },
    })),
  );
  const changedNow = [...slots.held, ...slots.empty].filter(({ at }) => calendar.dayOf(at * 1000) === openDay);
  await foldSlots(context, changedNow, countries);

  const over = days.filter((day) => day < openDay);
  const stale = over.length === 0 ? { held: [], empty: [] } : await staleDays(context, openDay, over);
  await sealDays(context, stale.held);
  await sealEmpty(
    context,
    stale.empty.map(({ at, branch }) => ({
      ...({ level: 'day', scope: 'branch', place: branch } as const),
      ...{ start: calendar.dayStart(at), firstDay: at },
    })),
  );
  await foldDays(context, { horizon, countries }, [...stale.held, ...stale.empty], ended);
  return {
    slots: slots.held.length + slots.empty.length,
    days: stale.held.length + stale.empty.length,
    milestones: 0,
  };
};

/** Slots of countries and the chain on the open day, where a branch's was sealed anew. */
const foldSlots = (context: SealContext, changed: readonly Place[], countries: ReadonlyMap<string, string>) =>
  foldAcross(
    context,
    'slot',
    unique(changed.map(({ at }) => at)),
    countries,
    unique(changed.map(({ branch }) => countries.get(branch) ?? '')),
  );

/** Folds of days of branches that were sealed anew: countries and the chain, then weeks, months and years that are over. */
const foldDays = async (
  context: SealContext,
  { horizon, countries }: SealUntil,
  changed: readonly Place[],
  ended: readonly number[],
): Promise<void> => {
  const { calendar } = context;
  const days = unique(changed.map(({ at }) => at));
  const inCountries = unique(changed.map(({ branch }) => countries.get(branch) ?? ''));
  const starts = days.map((day) => calendar.dayStart(day) / 1000);
  await foldAcross(context, 'day', starts, countries, inCountries);

  const open = calendar.dayStart(calendar.dayOf(horizon));
  for (const level of ['week', 'month', 'year'] as const) {
    const folds = new Map<string, Fold>();
    const add = (day: number, places: Iterable<string | undefined>) => {
      const span = spanOfDay(calendar, level, day);
      if (span.end > open) return;
      for (const place of places) folds.set(`${span.start} ${place ?? '*'}`, { span, place });
    };
    for (const { at, branch } of changed) add(at, ['', branch, countries.get(branch) ?? '']);
    // What ends now is folded for every place, whether or not the catalog knows it.
    for (const day of ended) add(day, [undefined]);
    await foldUp(context, level, [...folds.values()]);
  }
};

/** The instants of some days until the horizon; days that follow each other together. */
const rangesOf = (
  { calendar }: SealContext,
  days: readonly number[],
  horizon: number,
): { from: number; to: number }[] => {
  const ranges: { from: number; to: number }[] = [];
  for (const day of [...days].sort((a, b) => a - b)) {
    const range = { from: calendar.dayStart(day), to: Math.min(horizon, calendar.dayStart(day + 1)) };
    const last = ranges.at(-1);
    if (range.from >= range.to) continue;
    if (last?.to === range.from) last.to = range.to;
    else ranges.push(range);
  }
  return ranges;
};

const unique = <Value>(values: readonly Value[]): Value[] => [...new Set(values)];
