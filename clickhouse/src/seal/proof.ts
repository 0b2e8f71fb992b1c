import { SLOT_DAYS, spanOfDay } from '../calendar/spans.ts';
import { chunked, type SealContext } from './context.ts';
import { NOTHING_SEALED, type SealedRows, type SealUntil, sealStaleDays } from './seal-days.ts';
import { sealEmpty } from './tables/empty.ts';
import { foldAcross, foldUp } from './tables/fold.ts';
import { sealMilestones } from './tables/milestones.ts';
import { staleDays } from './tables/stale.ts';
import { type StaleFold, staleFoldedSlots, staleFolds } from './tables/stale-folds.ts';

/** Days whose slots are looked through by one step. */
const DAYS_OF_SLOTS = 15;
/** Days with stale rows that are sealed by one step. */
const DAYS_AT_ONCE = 60;
/** A fold is made of folds: days, weeks, months, years, and once more to see that all are right. */
const MOST_ROUNDS = 8;

/**
 * The proof of everything before a horizon, in steps with room for others between them: each looks for seals that do not have the
 * fingerprint of what they are made of, and mends them. Together they find whatever a tick has missed.
 *
 * @returns the steps, each to be run after the one before; they tell what they sealed
 */
export const proofSteps = async function* (context: SealContext, until: SealUntil): AsyncGenerator<SealedRows> {
  const { calendar } = context;
  const openDay = calendar.dayOf(until.horizon);

  const stale = await staleDays(context, openDay);
  const days = [...new Set([...stale.held, ...stale.empty].map(({ at }) => at))].sort((a, b) => a - b);
  yield NOTHING_SEALED;
  for (const some of chunked(days, DAYS_AT_ONCE)) yield await sealStaleDays(context, until, some);

  // Sealing a day anew has sealed its slots, too.
  const kept = context.force ? [openDay] : Array.from({ length: SLOT_DAYS + 1 }, (_, index) => openDay - index);
  for (const some of chunked(kept, DAYS_OF_SLOTS)) yield await sealStaleDays(context, until, some);

  const mended = (await mendFoldedSlots(context, until)) + (await mendFolds(context, until));
  yield { ...NOTHING_SEALED, days: mended };

  yield { ...NOTHING_SEALED, milestones: await sealMilestones(context, openDay) };
};

const mendFoldedSlots = async (context: SealContext, { horizon, countries }: SealUntil): Promise<number> => {
  const { calendar } = context;
  const openDay = calendar.dayOf(horizon);
  const stale = await staleFoldedSlots(context, { from: calendar.dayStart(openDay), to: horizon }, countries);
  const held = stale.filter(({ parts }) => parts > 0);
  await foldAcross(
    context,
    'slot',
    [...new Set(held.map(({ start }) => start))],
    countries,
    new Set(held.filter(({ scope }) => scope === 'country').map(({ place }) => place)),
  );
  await sealEmpty(
    context,
    stale
      .filter(({ parts }) => parts === 0)
      .map(({ start, scope, place }) => ({
        ...({ level: 'slot', scope, place } as const),
        ...{ start: start * 1000, firstDay: openDay },
      })),
  );
  return stale.length;
};

/** Mends folds level by level until every one is the sum of its parts. */
const mendFolds = async (context: SealContext, { horizon, countries }: SealUntil): Promise<number> => {
  const { calendar } = context;
  const openDay = calendar.dayOf(horizon);
  let mended = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const stale = await staleFolds(context, openDay, countries);
    const [shortest] = stale;
    if (shortest === undefined) break;
    const now = stale.filter(({ level }) => level === shortest.level);
    await mendLevel(context, now, countries);
    mended += now.length;
  }
  return mended;
};

const mendLevel = async (
  context: SealContext,
  stale: readonly StaleFold[],
  countries: ReadonlyMap<string, string>,
): Promise<void> => {
  const { calendar } = context;
  await sealEmpty(
    context,
    stale
      .filter(({ parts }) => parts === 0)
      .map(({ level, scope, place, day }) => {
        const { start, firstDay } = spanOfDay(calendar, level, day);
        return { level, scope, place, start, firstDay };
      }),
  );
  const held = stale.filter(({ parts }) => parts > 0);
  const days = held.filter(({ level }) => level === 'day');
  const inCountries = days.filter(({ scope }) => scope === 'country').map(({ place }) => place);
  const starts = [...new Set(days.map(({ day }) => calendar.dayStart(day) / 1000))];
  await foldAcross(context, 'day', starts, countries, new Set(inCountries));

  for (const level of ['week', 'month', 'year'] as const) {
    const folds = held.filter((fold) => fold.level === level);
    await foldUp(
      context,
      level,
      folds.map(({ day, place }) => ({ span: spanOfDay(calendar, level, day), place })),
    );
  }
};
