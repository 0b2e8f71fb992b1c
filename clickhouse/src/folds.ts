import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type ClickHouse, wasThrown } from './client.ts';
import { type Cover, coverOf, coverWith, type Spans, spansIn } from './cover.ts';
import type { RowsOptions } from './exact-rows.ts';
import { ONE_SNAPSHOT, ONE_THREAD } from './facts.ts';
import type { SealState } from './seal-state.ts';
import { FOLD_COLUMNS, type Fold, foldSelect } from './sealed-rows.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/** A fold, and the cover of a scope that takes the fold's spans whole. */
export interface Folded {
  fold: Fold;
  cover: Cover;
}

/** The folds that this process made. They are of use as long as their facts stay as they are, which each answer checks. */
export interface Folds {
  /** The fold of all spans of a scope that are sealed; or of most of them, where what is open besides is little. */
  find(options: RowsOptions, state: SealState): Promise<Folded | undefined>;
  /** Told of each question that was answered: the spans of one that is asked again are folded, behind the back of those who ask. */
  asked(options: RowsOptions, state: SealState): void;
  /** For one that was found broken. */
  forget(fold: Fold): void;
}

export interface FoldsOptions {
  calendar: ShopCalendar;
  /** Up to how many open facts a fold of fewer spans than are sealed will do. */
  fewFacts: number;
  /** Whether spans are folded for a question that is asked again, or for each before it is answered. */
  folding: 'again' | 'always';
  /** The clock by which folds grow old. */
  now: () => number;
}

interface Remembered {
  key: string;
  fold: Fold;
  spans: Spans;
  kind: string;
  /** Facts in its spans when it was made, as far as was known: with fewer of them now it is broken, more may have come late. */
  facts: number;
  at: number;
}

/** Younger than the table lets them grow (an hour), so that none is gone while it is in use. */
const FORGET_MS = 40 * 60_000;
/** More are forgotten, those that were used the longest time ago first. */
const MOST_FOLDS = 64;
/** Questions that come again within this time are worth a fold, those about fewer spans are not. */
const AGAIN_MS = 5 * 60_000;
const FEW_SPANS = 3;
/** A fold that more facts came late to is not taken: they are read by each question. */
const MOST_LATE = 20_000;
/** Folding takes no more of the time than this, and a question's fold that breaks all the time is not made more often. */
const SHARE = 0.1;
const SAME_AGAIN_MS = 10_000;
/** After one that failed, as where this user may not write. */
const FAILED_MS = 30_000;
/** After one that found a seal broken: the state of the seals is soon another one. */
const BROKEN_SEAL_MS = 1_000;

const printed = z.object({ rows: z.int(), count: z.string(), hash: z.string(), recorded: z.int() });

/** Remembers folds and makes them. */
export const openFolds = (clickhouse: ClickHouse, { calendar, fewFacts, folding, now }: FoldsOptions): Folds => {
  // Maps keep the order of insertion: the first one was used the longest time ago.
  const folds = new Map<string, Remembered>();
  const lastAsked = new Map<string, { at: number; foldedAt: number }>();
  let making = false;
  let restUntil = Number.NEGATIVE_INFINITY;

  const coverBy = ({ scope, coarsest }: RowsOptions, state: SealState) => coverOf(scope, coarsest, calendar, state);
  const isOfUse = ({ key, at, facts }: Remembered, cover: Cover): boolean => {
    const late = cover.sealedFacts - facts;
    if (now() - at < FORGET_MS && late >= 0 && late <= MOST_LATE) return true;
    folds.delete(key);
    return false;
  };

  /** The fold that leaves the fewest facts open, if it does nearly as well as the seals: what is open besides is little. */
  const best = (options: RowsOptions, state: SealState, sealed: Cover) => {
    let best: { found: Remembered; cover: Cover } | undefined;
    for (const found of folds.values()) {
      // Of another question, or of too little of this one: not worth to look at each of its days.
      if (found.kind !== kindOf(options) || found.facts + fewFacts < sealed.sealedFacts) continue;
      const cover = coverWith(found.spans, options.scope, calendar, state);
      if (cover === undefined || cover.openFacts > Math.max(fewFacts, sealed.openFacts)) continue;
      if (best !== undefined && cover.openFacts >= best.cover.openFacts) continue;
      if (isOfUse(found, cover)) best = { found, cover };
    }
    return best;
  };

  const find = async (options: RowsOptions, state: SealState): Promise<Folded | undefined> => {
    const sealed = coverBy(options, state);
    if (folding === 'always' && spansIn(sealed) > 0 && !folds.has(keyOf(sealed, options))) {
      await make(sealed, options).catch(() => undefined);
    }
    const folded = best(options, state, sealed);
    if (folded === undefined) return undefined;
    const { found, cover } = folded;
    folds.delete(found.key);
    folds.set(found.key, found);
    return { fold: found.fold, cover };
  };

  /** Whether another fold would leave no less to read. */
  const isFolded = (options: RowsOptions, state: SealState, sealed: Cover): boolean => {
    const folded = best(options, state, sealed);
    if (folded === undefined) return false;
    const late = folded.cover.sealedFacts - folded.found.facts;
    return folded.cover.openFacts <= sealed.openFacts && late < MOST_LATE / 2;
  };

  const make = async (cover: Cover, options: RowsOptions): Promise<void> => {
    const id = randomUUID();
    const { sql, params } = foldSelect(cover, options, id);
    const at = now();
    await clickhouse.insertSelect({
      name: 'fold',
      table: `gold.folded_scopes (${FOLD_COLUMNS})`,
      select: `${sql} ${ONE_SNAPSHOT}, ${ONE_THREAD}`,
      params,
      timeoutSeconds: 30,
    });
    const { rows, ...print } = await clickhouse.row({
      name: 'folded',
      sql: `SELECT count() AS rows, toString(any(facts_count)) AS count, toString(any(facts_hash)) AS hash,
              toUnixTimestamp64Milli(any(recorded_until)) AS recorded
            FROM gold.folded_scopes WHERE fold = {fold:UUID}`,
      params: { fold: id },
      row: printed,
    });
    if (rows === 0) throw new Error('nothing to fold');
    const { years, months, days, sealedFacts } = cover;
    const fold = { id, rows, ...print };
    const key = keyOf(cover, options);
    folds.set(key, {
      key,
      fold,
      spans: { years, months, days },
      kind: kindOf(options),
      facts: sealedFacts,
      at,
    });
    dropFirst(folds, MOST_FOLDS);
  };

  const asked = (options: RowsOptions, state: SealState): void => {
    const cover = coverBy(options, state);
    const question = `${kindOf(options)} ${cover.firstDay} ${cover.lastDay}`;
    const { at, foldedAt } = lastAsked.get(question) ?? { at: undefined, foldedAt: Number.NEGATIVE_INFINITY };
    const began = now();
    lastAsked.delete(question);
    lastAsked.set(question, { at: began, foldedAt });
    dropFirst(lastAsked, 4 * MOST_FOLDS);
    if (at === undefined || began - at > AGAIN_MS || spansIn(cover) < FEW_SPANS) return;
    if (making || began < restUntil || began - foldedAt < SAME_AGAIN_MS || isFolded(options, state, cover)) return;
    making = true;
    lastAsked.set(question, { at: began, foldedAt: began });
    make(cover, options)
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
      for (const [key, { fold }] of folds) if (fold.id === broken.id) folds.delete(key);
    },
  };
};

/** What a fold's rows tell apart, and of which branch they are. */
const kindOf = ({ scope, byBranch, byHour, byWeekday }: RowsOptions): string =>
  JSON.stringify([byBranch, byHour, byWeekday, scope.branch ?? null]);

const keyOf = ({ years, months, days }: Spans, options: RowsOptions): string =>
  `${kindOf(options)} ${JSON.stringify([years, months, days])}`;

const dropFirst = (map: Map<string, unknown>, most: number): void => {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
};
