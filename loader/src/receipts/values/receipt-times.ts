import { type ShopClock, type ShopTime, shopClock } from '../../purchases/times.ts';
import type { Field, ReceiptsMap } from '../map.ts';
import { dateReader } from './dates.ts';

/** Reads the times of a file as its map says. */
export interface Times {
  /** The time that a text is on the clock of a zone, the map's or the shop's where it names none; or what is wrong with which field. */
  read(text: string, zone: string): ShopTime | { field: Field; fault: string };
}

const ISO = '2026-01-31 17:05';

/** @param shopZone of times of which neither the row nor the map names a zone */
export const receiptTimes = (map: ReceiptsMap, shopZone: string): Times => {
  const readers = map.date_format?.map(dateReader);
  const expected = `is not a date and time such as ${map.date_format?.join(' or ') ?? ISO}:`;
  const clocks = new Map<string, ShopClock | undefined>();
  const clockOf = (zone: string): ShopClock | undefined => {
    if (clocks.has(zone)) return clocks.get(zone);
    let clock: ShopClock | undefined;
    try {
      clock = shopClock(zone === '' ? (map.time_zone ?? shopZone) : (map.time_zones[zone] ?? zone));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    clocks.set(zone, clock);
    return clock;
  };
  const isoOf = (text: string) => {
    if (readers === undefined) return text;
    for (const reader of readers) {
      const iso = reader(text);
      if (iso !== undefined) return iso;
    }
    return '';
  };
  return {
    read: (text, zone) => {
      const clock = clockOf(zone);
      if (clock === undefined) return { field: 'time_zone', fault: 'is not a time zone such as Europe/Paris:' };
      const time = clock.read(isoOf(text));
      if (typeof time !== 'string') return time;
      return { field: 'timestamp', fault: time === 'is not a date and time' ? expected : `${time}:` };
    },
  };
};
