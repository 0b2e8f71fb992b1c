import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type ClickHouse, wasThrown } from './client.ts';
import { type Cover, coverWith, type Spans, spansIn } from './cover.ts';
import type { RowsOptions } from './exact-rows.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import type { Fold } from './fold.ts';
import { settledUntil } from './folding.ts';
import type { SealState } from './seal-state.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/** A fold, and the cover of a scope that takes the fold's spans whole. */
export interface Folded {
  fold: Fold;
  cover: Cover;
}

/** The folds that this process made. They are of use as long as their facts stay as they are, which each answer checks. */
export interface Folds {
  /**
   * The fold of a scope that leaves the least to read: a running one, or one of all spans that are sealed, or of most of them, where what is
   * open besides is little. For a scope with hardly any facts one of none, which is of use beside those of other scopes.
   */
  find(options: RowsOptions, state: SealState): Promise<Folded | undefined>;
  /** Told of each question that was answered: what is asked again is folded, behind the back of those who ask. */
  asked(options: RowsOptions, state: SealState): void;
  /** For one that was found broken. */
  forget(fold: Fold): void;
}

/** The statements of one kind of folds. */
export interface FoldStatements {
  table: string;
  /** Its columns in the order in which the statements give them. */
  columns: string;
  /** The spans of a scope that are sealed and worth to be folded, and what is open besides. */
  cover(options: RowsOptions, state: SealState): Cover;
  /** What folds the spans of a cover under an id; must prove them like an answer. */
  ofSpans(cover: Cover, options: RowsOptions, made: { state: SealState; id: string }): Statement;
  /**
   * What adds to a fold, or to nothing, what was sold on the open days of its scope and recorded until a moment. Whether the fold itself still
   * is true is found when it is asked: the new one carries the fingerprint of both.
   */
  running(cover: Cover, options: RowsOptions, made: { base: Fold | undefined; until: number; id: string }): Statement;
}

export interface Statement {
  sql: string;
  params: Record<string, unknown>;
}

export interface FoldsOptions {
  calendar: ShopCalendar;
  statements: FoldStatements;
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

interface Remembered {
  key: string;
  fold: Fold;
  spans: Spans;
  kind: string;
  /** Facts that it was of when it was made, as far as was known: with fewer of them now it is broken, more may have come since. */
  facts: number;
  at: number;
}

/** Younger than the table lets them grow (an hour), so that none is gone while it is in use. */
const FORGET_MS = 40 * 60_000;
/** More are forgotten, those that were used the longest time ago first. */
const MOST_FOLDS = 64;
/** Questions that come again within this time are worth a fold. */
const AGAIN_MS = 5 * 60_000;
/** A fold that more facts came late to is not taken: they are read by each question. */
const MOST_LATE = 20_000;
/** Folding takes no more of the time than this, and a question's fold that breaks all the time is not made more often. */
const SHARE = 0.1;
const SAME_AGAIN_MS = 10_000;
/** After one that failed, as where this user may not write. */
const FAILED_MS = 30_000;
/** After one that found a seal broken: the state of the seals is soon another one. */
const BROKEN_SEAL_MS = 1_000;

/** A fold of no facts: the few of its scope are read beside it. */
const NOTHING: Fold = {
  id: '00000000-0000-0000-0000-000000000000',
  rows: 0,
  count: '0',
  hash: '0',
  recorded: 0,
  running: 0,
};
type Made = 'spans' | 'running';
const NEVER = { spans: Number.NEGATIVE_INFINITY, running: Number.NEGATIVE_INFINITY };
const NO_SPANS: Spans = { years: [], months: [], days: [] };

const printed = z.object({ rows: z.int(), count: z.string(), hash: z.string(), recorded: z.int() });
const untilRow = z.object({ until: z.int() });

/** Remembers folds and makes them. */
export const openFolds = (
  clickhouse: ClickHouse,
  { calendar, statements, fewFacts, fewOpenFacts, leftOut, folding, now }: FoldsOptions,
): Folds => {
  // Maps keep the order of insertion: the first one was used the longest time ago.
  const folds = new Map<string, Remembered>();
  const runnings = new Map<string, Remembered>();
  const lastAsked = new Map<string, { at: number; foldedAt: Record<Made, number> }>();
  let making = false;
  let restUntil = Number.NEGATIVE_INFINITY;

  const isYoung = ({ at }: Remembered): boolean => now() - at < FORGET_MS;

  /** The fold of spans that leaves the fewest facts open, if it does nearly as well as the seals: what is open besides is little. */
  const bestOfSpans = (options: RowsOptions, state: SealState, sealed: Cover) => {
    let best: { found: Remembered; cover: Cover } | undefined;
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
    const found = runnings.get(runningKey(options));
    if (found === undefined) return undefined;
    const cover = coverWith(found.spans, options.scope, calendar, state);
    if (cover !== undefined && isYoung(found) && factsOf(cover) - found.facts <= MOST_LATE) return { found, cover };
    runnings.delete(found.key);
    return undefined;
  };

  const find = async (options: RowsOptions, state: SealState): Promise<Folded | undefined> => {
    // First of the spans, then the running one.
    for (let i = 0; i < 2 && folding === 'always'; i++) {
      const what = wanting(options, state);
      if (what !== undefined) await make(what, options, state).catch(() => undefined);
    }
    const running = runningOf(options, state);
    const sealed = statements.cover(options, state);
    const folded = running ?? bestOfSpans(options, state, sealed);
    if (folded === undefined) {
      const cover = coverWith(NO_SPANS, options.scope, calendar, state);
      return cover === undefined || factsOf(cover) > leftOut.facts ? undefined : { fold: NOTHING, cover };
    }
    const { found, cover } = folded;
    remember(running === undefined ? folds : runnings, found);
    return { fold: found.fold, cover };
  };

  /** Which fold of a question is missing, or leaves too much to read beside it. */
  const wanting = (options: RowsOptions, state: SealState): Made | undefined => {
    const sealed = statements.cover(options, state);
    const ofSpans = bestOfSpans(options, state, sealed);
    const isEnough =
      ofSpans !== undefined &&
      ofSpans.cover.openFacts <= sealed.openFacts &&
      ofSpans.cover.sealedFacts - ofSpans.found.facts < MOST_LATE / 2;
    if (factsOf(sealed) > fewFacts && spansIn(sealed) > 0 && !isEnough) return 'spans';
    const { cover } = toRun(options, state, sealed, ofSpans?.found);
    if (cover === undefined || cover.openFacts > Math.max(fewFacts, fewOpenFacts)) return undefined;
    // What is left out is read by each answer: three times as much is worth another fold.
    const before = runningOf(options, state)?.found.facts ?? cover.sealedFacts;
    return factsOf(cover) - before < 3 * leftOut.facts ? undefined : 'running';
  };

  /** What a running fold is to be made of: a fold of spans where there are many facts, and the open days beside it. */
  const toRun = (options: RowsOptions, state: SealState, sealed: Cover, ofSpans: Remembered | undefined) => {
    const base = factsOf(sealed) > fewFacts ? ofSpans : undefined;
    return { base, cover: coverWith(base?.spans ?? NO_SPANS, options.scope, calendar, state) };
  };

  const make = (what: Made, options: RowsOptions, state: SealState): Promise<void> =>
    what === 'spans' ? makeOfSpans(options, state) : makeRunning(options, state);

  const makeOfSpans = async (options: RowsOptions, state: SealState): Promise<void> => {
    const cover = statements.cover(options, state);
    const { years, months, days, sealedFacts: facts } = cover;
    const spans = { years, months, days };
    const fold = await insert((id) => statements.ofSpans(cover, options, { state, id }));
    remember(folds, { key: keyOf(spans, options), fold, spans, facts, ...ofNow(options) });
  };

  const makeRunning = async (options: RowsOptions, state: SealState): Promise<void> => {
    const sealed = statements.cover(options, state);
    const { base, cover } = toRun(options, state, sealed, bestOfSpans(options, state, sealed)?.found);
    if (cover === undefined) return;
    const { until } = await clickhouse.row({
      name: 'fold_until',
      ...settledUntil(cover, options, leftOut),
      row: untilRow,
    });
    if (until <= 0) return;
    const fold = await insert((id) => statements.running(cover, options, { base: base?.fold, until, id }));
    remember(runnings, {
      key: runningKey(options),
      // Of days that are all open nothing comes late, and nothing else is in it.
      fold: { ...fold, recorded: base?.fold.recorded ?? until, running: until },
      spans: base?.spans ?? NO_SPANS,
      facts: factsOf(cover) - leftOut.facts,
      ...ofNow(options),
    });
  };

  const insert = async (select: (id: string) => Statement) => {
    const id = randomUUID();
    const { sql, params } = select(id);
    await clickhouse.insertSelect({
      name: 'fold',
      table: `${statements.table} (${statements.columns})`,
      select: `${sql} ${ONE_SNAPSHOT}, ${ONE_THREAD}`,
      params,
      timeoutSeconds: 30,
    });
    const found = await clickhouse.row({
      name: 'folded',
      sql: `SELECT count() AS rows, toString(any(facts_count)) AS count, toString(any(facts_hash)) AS hash,
              toUnixTimestamp64Milli(any(recorded_until)) AS recorded
            FROM ${statements.table} WHERE fold = {fold:UUID}`,
      params: { fold: id },
      row: printed,
    });
    if (found.rows === 0) throw new Error('nothing to fold');
    return { id, ...found };
  };

  const ofNow = (options: RowsOptions) => ({ kind: kindOf(options), at: now() });

  const asked = (options: RowsOptions, state: SealState): void => {
    const { firstDay, lastDay } = statements.cover(options, state);
    const question = `${kindOf(options)} ${firstDay} ${lastDay}`;
    const { at, foldedAt } = lastAsked.get(question) ?? { at: undefined, foldedAt: NEVER };
    const began = now();
    lastAsked.delete(question);
    lastAsked.set(question, { at: began, foldedAt });
    dropFirst(lastAsked, 4 * MOST_FOLDS);
    if (at === undefined || began - at > AGAIN_MS || making || began < restUntil) return;
    const what = wanting(options, state);
    if (what === undefined || began - foldedAt[what] < SAME_AGAIN_MS) return;
    making = true;
    lastAsked.set(question, { at: began, foldedAt: { ...foldedAt, [what]: began } });
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
    asked,
    forget: (broken) => {
      for (const among of [folds, runnings])
        for (const [key, { fold }] of among) if (fold.id === broken.id) among.delete(key);
    },
  };
};

/** About how many facts the days of a scope hold. */
const factsOf = ({ sealedFacts, openFacts }: Cover): number => sealedFacts + openFacts;

/** What a fold's rows tell apart, and of which branch they are. */
const kindOf = ({ scope, byBranch, byHour, byWeekday }: RowsOptions): string =>
  JSON.stringify([byBranch, byHour, byWeekday, scope.branch ?? null]);

const keyOf = ({ years, months, days }: Spans, options: RowsOptions): string =>
  `${kindOf(options)} ${JSON.stringify([years, months, days])}`;

/** A running fold belongs to one scope: its open days may be in it in part. */
const runningKey = (options: RowsOptions): string => `${kindOf(options)} ${options.scope.from} ${options.scope.to}`;

const remember = (among: Map<string, Remembered>, fold: Remembered): void => {
  among.delete(fold.key);
  among.set(fold.key, fold);
  dropFirst(among, MOST_FOLDS);
};

const dropFirst = (map: Map<string, unknown>, most: number): void => {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
};
