import { BEGINNING, type Period, type ShopCalendar } from './shop-calendar.ts';
import { LEVELS, type Level, QUARTER, type Span, spanAt, spansIn } from './spans.ts';

/** What a question is about: sales at `from` count, those at `to` do not (milliseconds since 1970). */
export interface Scope extends Period {
  /** One branch; absent: the chain. */
  branch?: string;
}

/** Whole sealed spans of one level that follow each other: [from, to). */
export interface SealedRange extends Period {
  level: Level;
}

/** From which rows the figures of a period are put together; each instant of the period lies in exactly one of them. */
export interface Cover {
  /** All of them end at or before the horizon. */
  spans: SealedRange[];
  /** Ranges of whole slots whose facts are read; of a slot that a border of the period cuts, only those within it. */
  facts: Period[];
}

export interface CoverOptions {
  /** The longest span that one row may stand for. */
  coarsest: Level;
  /** The instant from which sealed slots may be read. Odd parts of days before it come from the facts. Infinity: always. */
  slotsFrom: number;
  /** Whether the row of a day may be read; only with days as the coarsest level. Default: of every day. */
  takesDay?: (day: Span) => boolean;
}

/**
 * Covers a period with sealed spans before a horizon and with facts from it on. Everything before the horizon must have
 * been sealed at some time; then any older horizon gives the same figures.
 */
export const coverOf = (
  calendar: ShopCalendar,
  { from, to }: Period,
  horizon: number,
  { coarsest, slotsFrom, takesDay }: CoverOptions,
): Cover => {
  const spans: SealedRange[] = [];
  const facts: Period[] = [];

  const takeSlots = (a: number, b: number) => {
    if (a < slotsFrom && a < b) facts.push({ from: a, to: Math.min(b, slotsFrom) });
    if (slotsFrom < b && a < b) spans.push({ level: 'slot', from: Math.max(a, slotsFrom), to: b });
  };
  const takeDays = (a: number, b: number) => {
    for (const day of spansIn(calendar, 'day', a, b)) {
      if (takesDay?.(day)) spans.push({ level: 'day', from: day.start, to: day.end });
      else takeSlots(day.start, day.end);
    }
  };
  const take = (level: Level, a: number, b: number) => {
    if (a >= b) return;
    const below = LEVELS[LEVELS.indexOf(level) - 1];
    if (below === undefined) return takeSlots(a, b);
    const [first, last] = [spanAt(calendar, level, a), spanAt(calendar, level, b)];
    const [begin, end] = [first.start === a ? a : first.end, last.start];
    if (begin >= end) return take(below, a, b);
    take(below, a, begin);
    if (level === 'day' && takesDay !== undefined) takeDays(begin, end);
    else spans.push({ level, from: begin, to: end });
    take(below, end, b);
  };

  if (from >= to) return { spans, facts };
  // A slot that a border cuts; both borders may cut the same one, which is merged below.
  for (const border of [from, to]) {
    const slot = floorSlot(border);
    if (slot < border && slot < horizon) facts.push({ from: slot, to: slot + QUARTER });
  }
  if (horizon > BEGINNING) {
    // Nothing was sold before the beginning, so the first year may be taken whole.
    const first = from <= BEGINNING ? spanAt(calendar, coarsest, BEGINNING).start : ceilSlot(from);
    take(coarsest, first, Math.min(floorSlot(to), horizon));
  }
  if (to > horizon) facts.push({ from: Math.max(horizon, floorSlot(from)), to: ceilSlot(to) });
  return { spans, facts: merged(facts) };
};

/** The covers of two periods that do not meet, as one. */
export const coverOfBoth = (one: Cover, other: Cover): Cover => ({
  spans: [...one.spans, ...other.spans],
  facts: merged([...one.facts, ...other.facts]),
});

const floorSlot = (instant: number): number => Math.floor(instant / QUARTER) * QUARTER;
const ceilSlot = (instant: number): number => Math.ceil(instant / QUARTER) * QUARTER;

/** Ranges in order; those that overlap or touch become one. */
const merged = (ranges: readonly Period[]): Period[] => {
  const all: Period[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else all.push({ from, to });
  }
  return all;
};
