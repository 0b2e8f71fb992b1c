import type { SealState } from './seal-state.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/** What a question is about: sales at `from` count, those at `to` do not (milliseconds since 1970). */
export interface Scope {
  from: number;
  to: number;
  /** One branch; absent: the chain. */
  branch?: string;
}

/** From which rows the figures of a scope may be put together; `slot` reads no longer ones than a quarter of an hour. */
export type Coarsest = 'slot' | 'day' | 'month';

/**
 * How a scope is covered: by months, by days, by slots, and by facts at ends that are not on a slot's border.
 * It is a guess as far as it rests on a {@link SealState}, which may have changed: the query checks it.
 */
export interface Cover {
  from: number;
  to: number;
  /** First days of the months taken whole. */
  months: number[];
  /** Days that are put together from slots; all others with facts must be sealed. Undefined: everything is. */
  openDays: number[] | undefined;
  /** The dates in UTC which those days meet, for the index. */
  openDates: number[];
  /** The business days of the scope, both ends included. */
  firstDay: number;
  lastDay: number;
  /** Slots from the first to before the last, in seconds since 1970. */
  firstSlot: number;
  lastSlot: number;
  /** Slots of which only a part belongs to the scope. */
  edgeSlots: number[];
}

const SLOT = 900;
const DAY_MS = 86_400_000;

/** Covers a scope with the longest periods that are sealed. */
export const coverOf = ({ from, to }: Scope, coarsest: Coarsest, calendar: ShopCalendar, state: SealState): Cover => {
  const firstSlot = Math.ceil(from / 1000 / SLOT) * SLOT;
  const lastSlot = Math.floor(to / 1000 / SLOT) * SLOT;
  const edgeSlots = new Set<number>();
  if (from < to && from % (SLOT * 1000) !== 0) edgeSlots.add(firstSlot - SLOT);
  if (from < to && to % (SLOT * 1000) !== 0) edgeSlots.add(lastSlot);
  const cover: Cover = {
    from,
    to,
    months: [],
    openDays: undefined,
    openDates: [],
    firstDay: Math.max(0, calendar.dayOf(from)),
    lastDay: Math.max(0, calendar.dayOf(Math.max(from, to - 1))),
    firstSlot,
    lastSlot: Math.max(firstSlot, lastSlot),
    edgeSlots: [...edgeSlots],
  };
  if (coarsest === 'slot') return cover;
  const openDays: number[] = [];
  const openDates = new Set<number>();
  const months = new Set<number>();
  const last = Math.min(cover.lastDay, state.days?.last ?? -1);
  for (let day = Math.max(cover.firstDay, state.days?.first ?? 0); day <= last; day++) {
    const month = firstOfMonth(day);
    if (months.has(month)) continue;
    if (coarsest === 'month' && isWhole(calendar, month, nextMonth(month), from, to) && !state.openMonths.has(month)) {
      months.add(month);
    } else if (!isWhole(calendar, day, day + 1, from, to) || state.openDays.has(day)) {
      openDays.push(day);
      const end = Math.floor((calendar.dayStart(day + 1) - 1) / DAY_MS);
      for (let date = Math.floor(calendar.dayStart(day) / DAY_MS); date <= end; date++) openDates.add(date);
    }
  }
  return { ...cover, months: [...months], openDays, openDates: [...openDates] };
};

const isWhole = (calendar: ShopCalendar, first: number, after: number, from: number, to: number): boolean =>
  calendar.dayStart(first) >= from && calendar.dayStart(after) <= to;

const firstOfMonth = (day: number): number => {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_MS;
};

const nextMonth = (month: number): number => {
  const date = new Date(month * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY_MS;
};
