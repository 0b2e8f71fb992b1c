import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import type { SealedState } from '../questions/changes.ts';

/** Texts that differ from those of an earlier look whenever figures may have changed in between. */
export interface Changes {
  /** Of any figure. */
  all: string;
  /** Of the figures of days before today, and of the catalog. */
  past: string;
}

/** What is read to know. Either may fail at any moment. */
export interface ChangesSource {
  sealed(signal: AbortSignal): Promise<SealedState>;
  /** Of the purchases since a horizon (ms). */
  open(horizon: number, signal: AbortSignal): Promise<string>;
}

/** What changes the past shows within a second or two, so this is looked at less often (ms). An older horizon is as right. */
const SEALED_EVERY_MS = 500;
/** A sale is in several tables, and not in all of them at the same moment: the figures are read once more after this long (ms). */
const SETTLED_MS = 1_000;
/** Everything is read this often (ms) in any case: "until this time" moves with the clock. It also bounds what a look can miss. */
const ANYWAY_MS = 15_000;

/** Looks whether anything has changed: one small statement a look, two of them twice a second. */
export const watchChanges = (
  { sealed, open }: ChangesSource,
  { dayOf, dayStart }: Pick<ShopCalendar, 'dayOf' | 'dayStart'>,
): ((signal: AbortSignal) => Promise<Changes>) => {
  let known: { state: SealedState; readAt: number } | undefined;
  let last = { text: '', since: 0 };

  return async (signal) => {
    const now = Date.now();
    if (known === undefined || now - known.readAt >= SEALED_EVERY_MS) {
      known = { state: await sealed(signal), readAt: now };
    }
    const { horizon, mark } = known.state;
    const text = `${mark} ${await open(horizon, signal)}`;
    if (text !== last.text) last = { text, since: now };
    const today = dayOf(now);
    const often = `${today} ${Math.floor(now / ANYWAY_MS)}`;
    // While the horizon lies before today, purchases after it may be of yesterday, too.
    const past = horizon < dayStart(today) ? text : mark;
    return { all: `${text} ${often} ${now - last.since >= SETTLED_MS}`, past: `${past} ${often}` };
  };
};
