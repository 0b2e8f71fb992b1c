import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ShopCalendar } from './calendar/shop-calendar.ts';
import { type ClickHouse, wasThrown } from './client.ts';
import { type Cover, coverWith, type Spans, spansIn } from './cover.ts';
import type { RowsOptions } from './exact-rows.ts';
import type { Fold } from './fold.ts';
import { settledUntil } from './folding.ts';
import type { SealState } from './seal-state.ts';

/** A fold, and the cover of a scope that takes the fold's spans whole. */
export interface Folded<F extends Fold> {
  fold: F;
  cover: Cover;
}

/** The folds that this process made. They are of use as long as their facts stay as they are, which each answer checks. */
export interface Folds<F extends Fold> {
  /**
   * The fold of a scope: a running one, or one of spans where there is nothing open besides. For a scope with hardly any facts one of none,
   * which is of use beside those of other scopes.
   */
  find(options: RowsOptions, state: SealState): Promise<Folded<F> | undefined>;
  /** For a running fold that has become another one: by what came since, or what is void. */
  renew(options: RowsOptions, renewed: Folded<F>): void;
  /** Told of each question that was answered: what is asked again is folded, behind the back of those who ask. */
  asked(options: RowsOptions, state: SealState): void;
  /** For one that was found broken, by its id. */
  forget(id: string): void;
}

/** Makes folds of one kind. */
export interface FoldMaker<F extends Fold> {
  /** The spans of a scope that are sealed and worth to be folded, and what is open besides. */
  cover(options: RowsOptions, state: SealState): Cover;
  /** Folds the spans of a cover under an id; must prove them like an answer. */
  ofSpans(cover: Cover, options: RowsOptions, made: { state: SealState; id: string }): Promise<F>;
  /**
   * Adds to a fold, or to nothing, what was sold on the open days of its scope and recorded until a moment. Whether the fold itself still
   * is true is found when it is asked: the new one carries the fingerprint of both.
   */
  running(cover: Cover, options: RowsOptions, made: { base: F | undefined; until: number; id: string }): Promise<F>;
  /** A fold of no facts: the few of its scope are read beside it. */
  nothing: F;
}

/** A statement that makes a fold. */
export interface Statement {
  sql: string;
  params: Record<string, unknown>;
}

export interface FoldsOptions<F extends Fold> {
  calendar: ShopCalendar;
  maker: FoldMaker<F>;
  /** Up to how many facts of a scope none of its spans is folded. */
  fewFacts: number;
  /** Up to how many open facts a fold of fewer spans than are sealed will do. */
  fewOpenFacts: number;
  /**
   * The newest facts of open days are left out of a running fold, so many of them and those of the last milliseconds: a sale may still be on
   * its way, or be voided.
   */
  leftOut: { facts: number; ms: number };
  /** Whether a question that is asked again is folded, or each before it is answered. */
  folding: 'again' | 'always';
  /** The clock by which folds grow old. */
  now: () => number;
}

interface Remembered<F extends Fold> {
  key: string;
  fold: F;
  spans: Spans;
  kind: string;
  /** Facts that it was of when it was made, as far as was known: with fewer of them now it is broken, more may have come since. */
  facts: number;
  at: number;
}

/** More are forgotten, those that were used the longest time ago first; so many of either sort, and so much of this process's memory. */
const MOST_FOLDS = 64;
const MOST_BYTES = 64 * 1024 * 1024;
/** How old a fold may grow (ms). */
const FORGET_MS = 12 * 3_600_000;
/** Questions that come again within this time are worth a fold. */
const AGAIN_MS = 5 * 60_000;
/** A fold that more facts came late to is not taken: they are read by each question. */
const MOST_LATE = 20_000;
/** Folding takes no more of the time than this, and a question's fold that breaks all the time is not made more often. */
const SHARE = 0.1;
const SAME_AGAIN_MS = { spans: 10_000, running: 2_000 };
/** After one that failed, as where this user may not write. */
const FAILED_MS = 30_000;
/** After one that found a seal broken: the state of the seals is soon another one. */
const BROKEN_SEAL_MS = 1_000;

type Made = 'spans' | 'running';
const NEVER = { spans: Number.NEGATIVE_INFINITY, running: Number.NEGATIVE_INFINITY };
const NO_SPANS: Spans = { years: [], months: [], days: [] };

const untilRow = z.object({ until: z.int(), facts: z.int() });

/** Remembers folds and makes them. */
export const openFolds = <F extends Fold>(
  clickhouse: ClickHouse,
  { calendar, maker, fewFacts, fewOpenFacts, leftOut, folding, now }: FoldsOptions<F>,
): Folds<F> => {
  // Maps keep the order of insertion: the first one was used the longest time ago.
  const folds = new Map<string, Remembered<F>>();
  const runnings = new Map<string, Remembered<F>>();
  const lastAsked = new Map<string, { at: number; foldedAt: Record<Made, number> }>();
  let making = false;
  let restUntil = Number.NEGATIVE_INFINITY;

  const isYoung = ({ at }: Remembered<F>): boolean => now() - at < FORGET_MS;

  /** The fold of spans that leaves the fewest facts open, if it does nearly as well as the seals: what is open besides is little. */
  const bestOfSpans = (options: RowsOptions, state: SealState, sealed: Cover) => {
    let best: { found: Remembered<F>; cover: Cover } | undefined;
    for (const found of folds.values()) {
      // Of another question, or of too little of this one: not worth to look at each of its days.
      if (found.kind !== kindOf(options) || found.facts + fewOpenFacts < sealed.sealedFacts) continue;
      const cover = coverWith(found.spans, options.scope, calendar, state);
      if (cover === undefined || cover.openFacts > Math.max(fewOpenFacts, sealed.openFacts)) continue;
      if (best !== undefined && cover.openFacts >= best.cover.openFacts) continue;
      const late = cover.sealedFacts - found.facts;
      if (isYoung(found) && late >= 0 && late <= MOST_LATE) best = { found, cover };
      else folds.delete(found.key);
    }
    return best;
  };

  const runningOf = (options: RowsOptions, state: SealState) => {
    const found = runnings.get(scopeKey(options));
    if (found === undefined) return undefined;
    const cover = coverWith(found.spans, options.scope, calendar, state);
    if (cover !== undefined && isYoung(found) && factsOf(cover) - found.facts <= MOST_LATE) return { found, cover };
    runnings.delete(found.key);
    return undefined;
  };

  const find = async (options: RowsOptions, state: SealState): Promise<Folded<F> | undefined> => {
    // First of the spans, then the running one.
    for (let i = 0; i < 2 && folding === 'always'; i++) {
      const what = wanting(options, state);
      if (what !== undefined) await make(what, options, state).catch(() => undefined);
    }
    const running = runningOf(options, state);
    const sealed = maker.cover(options, state);
    const folded = running ?? bestOfSpans(options, state, sealed);
    if (folded === undefined) {
      const cover = coverWith(NO_SPANS, options.scope, calendar, state);
      return cover === undefined || factsOf(cover) > leftOut.facts ? undefined : { fold: maker.nothing, cover };
    }
    const { found, cover } = folded;
    // What is sold on open days is in running folds only.
    if (running === undefined && cover.openFacts > 0) return undefined;
    remember(running === undefined ? folds : runnings, found);
    return { fold: found.fold, cover };
  };

  /** Which fold of a question is missing, or leaves too much to read beside it. */
  const wanting = (options: RowsOptions, state: SealState): Made | undefined => {
    const sealed = maker.cover(options, state);
    const ofSpans = bestOfSpans(options, state, sealed);
    // A day that was open when it was made, and is sealed by now, is in a running fold as well.
    const isEnough = ofSpans !== undefined && ofSpans.cover.sealedFacts - ofSpans.found.facts < MOST_LATE / 2;
    if (factsOf(sealed) > fewFacts && spansIn(sealed) > 0 && !isEnough) return 'spans';
    const { cover } = toRun(options, state, sealed, ofSpans?.found);
    if (cover === undefined || cover.openFacts > Math.max(fewFacts, fewOpenFacts)) return undefined;
    const running = runningOf(options, state);
    if (running === undefined) return cover.openFacts > 0 ? 'running' : undefined;
    // What is left out is read by each answer: three times as much is worth another fold.
    return factsOf(cover) - running.found.facts < 3 * leftOut.facts ? undefined : 'running';
  };

  /** What a running fold is to be made of: a fold of spans where there are many facts, and the open days beside it. */
  const toRun = (options: RowsOptions, state: SealState, sealed: Cover, ofSpans: Remembered<F> | undefined) => {
    const base = factsOf(sealed) > fewFacts ? ofSpans : undefined;
    return { base, cover: coverWith(base?.spans ?? NO_SPANS, options.scope, calendar, state) };
  };

  const make = async (what: Made, options: RowsOptions, state: SealState): Promise<void> => {
    if (what === 'spans') await makeOfSpans(options, state);
    else await makeRunning(options, state);
    // A fold of spans alone would be of no use yet.
    if (what === 'spans' && wanting(options, state) === 'running') await makeRunning(options, state);
  };

  const makeOfSpans = async (options: RowsOptions, state: SealState): Promise<void> => {
    const cover = maker.cover(options, state);
    const { years, months, days, sealedFacts: facts } = cover;
    const spans = { years, months, days };
    const fold = await maker.ofSpans(cover, options, { state, id: randomUUID() });
    remember(folds, { key: keyOf(spans, options), fold, spans, facts, ...ofNow(options) });
  };

  const makeRunning = async (options: RowsOptions, state: SealState): Promise<void> => {
    const sealed = maker.cover(options, state);
    const { base, cover } = toRun(options, state, sealed, bestOfSpans(options, state, sealed)?.found);
    if (cover === undefined) return;
    const { until, facts } = await clickhouse.row({
      name: 'fold_until',
      ...settledUntil(cover, options, leftOut),
      row: untilRow,
    });
    const fold =
      facts === 0
        ? (base?.fold ?? maker.nothing)
        : await maker.running(cover, options, { base: base?.fold, until, id: randomUUID() });
    remember(runnings, {
      key: scopeKey(options),
      // Of days that are all open nothing comes late, and nothing else is in it.
      fold: { ...fold, of: base?.fold.id, recorded: base?.fold.recorded ?? until, running: until },
      spans: base?.spans ?? NO_SPANS,
      facts: factsOf(cover) - leftOut.facts,
      ...ofNow(options),
    });
  };

  const renew = (options: RowsOptions, { fold, cover }: Folded<F>): void => {
    const { years, months, days } = cover;
    const facts = factsOf(cover) - leftOut.facts;
    const key = scopeKey(options);
    const { at } = runnings.get(key) ?? ofNow(options);
    remember(runnings, { key, fold, spans: { years, months, days }, facts, ...ofNow(options), at });
  };

  const ofNow = (options: RowsOptions) => ({ kind: kindOf(options), at: now() });

  const asked = (options: RowsOptions, state: SealState): void => {
    const { firstDay, lastDay } = maker.cover(options, state);
    const question = `${kindOf(options)} ${firstDay} ${lastDay}`;
    const { at, foldedAt } = lastAsked.get(question) ?? { at: undefined, foldedAt: NEVER };
    const began = now();
    lastAsked.delete(question);
    lastAsked.set(question, { at: began, foldedAt });
    dropFirst(lastAsked, 4 * MOST_FOLDS);
    if (at === undefined || began - at > AGAIN_MS || making || began < restUntil) return;
    const what = wanting(options, state);
    if (what === undefined || began - foldedAt[what] < SAME_AGAIN_MS[what]) return;
    making = true;
    lastAsked.set(question, { at: began, foldedAt: { ...foldedAt, [what]: began, running: began } });
    make(what, options, state)
      .then(
        () => {
          restUntil = now() + (now() - began) * (1 / SHARE - 1);
        },
        // Answers are as exact without it, only slower.
        (error) => {
          const brokenSeal = wasThrown(error);
          restUntil = now() + (brokenSeal ? BROKEN_SEAL_MS : FAILED_MS);
          if (brokenSeal) lastAsked.set(question, { at: began, foldedAt });
        },
      )
      .finally(() => {
        making = false;
      });
  };

  return {
    find,
    renew,
    asked,
    forget: (broken) => {
      for (const among of [folds, runnings])
        for (const [key, { fold }] of among) if (fold.id === broken) among.delete(key);
    },
  };
};

/** About how many facts the days of a scope hold. */
const factsOf = ({ sealedFacts, openFacts }: Cover): number => sealedFacts + openFacts;

/** What a fold's rows tell apart, and of which branch they are. */
const kindOf = ({ scope, byBranch, byHour, byWeekday, byStart }: RowsOptions): string =>
  JSON.stringify([byBranch, byHour, byWeekday, byStart, scope.branch ?? null]);

const keyOf = ({ years, months, days }: Spans, options: RowsOptions): string =>
  `${kindOf(options)} ${JSON.stringify([years, months, days])}`;

/** What a question tells apart, and of which scope. A running fold belongs to one scope: its open days may be in it in part. */
export const scopeKey = (options: RowsOptions): string =>
  `${kindOf(options)} ${options.scope.from} ${options.scope.to}`;

const remember = <F extends Fold>(among: Map<string, Remembered<F>>, fold: Remembered<F>): void => {
  among.delete(fold.key);
  among.set(fold.key, fold);
  dropFirst(among, MOST_FOLDS);
  let bytes = 0;
  for (const [key, { fold }] of [...among].reverse()) {
    bytes += fold.bytes;
    if (bytes > MOST_BYTES) among.delete(key);
  }
};

const dropFirst = (map: Map<string, unknown>, most: number): void => {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
};
