import { wallClock } from '@tillstream/schemas/values/wall-clock';
import { LRUCache } from 'lru-cache';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How many hours the cache holds: eleven years. Times in random order over a longer history only cost more. */
const CACHED_HOURS = 100_000;

const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?: ?([Zz])| ?([+-])(\d\d):?(\d\d)?)?$/;

/** A time of a file, understood. */
export interface ShopTime {
  /** Milliseconds since 1970 in UTC; finer fractions are cut off. */
  instant: number;
  /** The time as written, in one normal form: an instant ends in `Z`, a time on the shop's clock does not. */
  written: string;
}

/** Why a time of a file cannot be used, in words that follow the column's name. */
export type TimeFault = 'is not a date and time' | 'does not exist: the clock was put forward over it';

/** Reads times of files on the shop's clock. */
export interface ShopClock {
  /**
   * Understands `YYYY-MM-DD HH:MM[:SS[.fraction]]`, with a space or a `T`. Without a zone it is the shop's time, with
   * `Z` or an offset an instant. A time that the clock repeats means the first.
   */
  read(text: string): ShopTime | TimeFault;
  /** Milliseconds since 1970 in UTC of the shop's clock, given as if it were UTC; undefined when skipped. */
  toInstant(wall: number): number | undefined;
}

/** Minutes and all of a zone's offset at an instant, in milliseconds; east of Greenwich is positive. */
export const offsetOf = (timeZone: string): ((instant: number) => number) => {
  const wallAt = wallClock(timeZone);
  return (instant) => wallAt(instant) - instant;
};

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The clock of a time zone (an IANA name). Throws a RangeError when there is no such zone. */
export const shopClock = (timeZone: string): ShopClock => {
  const offset = offsetOf(timeZone);

  /** The offset that turns the wall time into its first instant; undefined when the clock skipped it. */
  const exactOffset = (wall: number): number | undefined => {
    // Whatever the clock did around this time, the offset before and the offset after are the only candidates.
    const before = offset(wall - DAY);
    const after = offset(wall + DAY);
    const first = Math.max(before, after);
    const second = Math.min(before, after);
    if (offset(wall - first) === first) return first;
    return offset(wall - second) === second ? second : undefined;
  };

  // One entry per hour of the clock. In an hour in which the offset changes each time is worked out.
  const byHour = new LRUCache<number, number | 'changes'>({
    max: CACHED_HOURS,
    memoMethod: (hour) => {
      const start = exactOffset(hour * HOUR);
      return start !== undefined && start === exactOffset((hour + 1) * HOUR - 1) ? start : 'changes';
    },
  });
  const offsetAt = (wall: number): number | undefined => {
    const known = byHour.memo(Math.floor(wall / HOUR));
    return known === 'changes' ? exactOffset(wall) : known;
  };

  const toInstant = (wall: number) => {
    const found = offsetAt(wall);
    return found === undefined ? undefined : wall - found;
  };

  return {
    toInstant,
    read(text) {
      const match = TIMESTAMP.exec(text.trim());
      if (match === null) return 'is not a date and time';
      const [, y, mo, d, h, mi, s = '00', fraction = '', zulu, sign, offsetHours, offsetMinutes = '00'] = match;
      const [year, month, day] = [Number(y), Number(mo), Number(d)];
      const [hour, minute, second] = [Number(h), Number(mi), Number(s)];
      if (year < 100 || month < 1 || month > 12 || day < 1 || (day > 28 && day > daysIn(year, month))) {
        return 'is not a date and time';
      }
      if (hour > 23 || minute > 59 || second > 59) return 'is not a date and time';

      const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
      const wall = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
      // Fractions finer than we keep still tell two sales apart.
      const finer = fraction.replace(/0+$/, '');

      if (zulu === undefined && sign === undefined) {
        const instant = toInstant(wall);
        if (instant === undefined) return 'does not exist: the clock was put forward over it';
        return { instant, written: `${y}-${mo}-${d}T${h}:${mi}:${s}.${finer}` };
      }

      const east = Number(offsetHours ?? 0) * HOUR + Number(offsetMinutes) * MINUTE;
      if (east > 18 * HOUR || Number(offsetMinutes) > 59) return 'is not a date and time';
      const instant = sign === '-' ? wall + east : wall - east;
      return { instant, written: `${new Date(instant).toISOString().slice(0, 19)}.${finer}Z` };
    },
  };
};
