import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import type { SealedState } from '../questions/versions.ts';

/** Versions of what figures are made of: a text that is another one whenever figures may have changed. */
export interface Versions {
  /** Of all figures. */
  all: string;
  /** Of the figures of days before today, and of the catalog. */
  past: string;
}

/** Where versions come from. Both may fail at any moment. */
export interface VersionsSource {
  sealed(signal: AbortSignal): Promise<SealedState>;
  /** The version of the purchases since a horizon (ms). */
  open(horizon: number, signal: AbortSignal): Promise<string>;
}

/** What changes the past shows within a second or two, so it is read less often (ms). An older horizon is as right. */
const SEALED_EVERY_MS = 500;
/** A sale is in several tables, which do not get it at the same moment: figures are read once more after this long (ms). */
const SETTLED_MS = 1_000;
/** All figures are read this often (ms) in any case: "until this time" moves with the clock. It also bounds what may be missed. */
const ANYWAY_MS = 15_000;

/** Reads versions: one small statement each time, and another one twice a second. */
export const createVersions = (
  { sealed, open }: VersionsSource,
  { dayOf, dayStart }: Pick<ShopCalendar, 'dayOf' | 'dayStart'>,
): ((signal: AbortSignal) => Promise<Versions>) => {
  let known: { state: SealedState; readAt: number } | undefined;
  let last = { text: '', since: 0 };

  return async (signal) => {
    const now = Date.now();
    if (known === undefined || now - known.readAt >= SEALED_EVERY_MS) {
      known = { state: await sealed(signal), readAt: now };
    }
    const { horizon, version } = known.state;
    const text = `${version} ${await open(horizon, signal)}`;
    if (text !== last.text) last = { text, since: now };
    const today = dayOf(now);
    const anyway = `${today} ${Math.floor(now / ANYWAY_MS)}`;
    // While the horizon lies before today, purchases since then may be of yesterday, too.
    const past = horizon < dayStart(today) ? text : version;
    return { all: `${text} ${anyway} ${now - last.since >= SETTLED_MS}`, past: `${past} ${anyway}` };
  };
};
