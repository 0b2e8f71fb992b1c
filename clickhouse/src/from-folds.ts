import { randomUUID } from 'node:crypto';
import { besideSql, type FoldedScope } from './beside-sql.ts';
import type { ClickHouse } from './client.ts';
import type { Cover } from './cover.ts';
import type { RowsOptions } from './exact-rows.ts';
import { areOfOneMoment, type Beside, besideOf, besideRow, type Fact, hashOf } from './facts-beside.ts';
import { alsoSql } from './figures-sql.ts';
import { type FoldKind, type HeldFold, holding, makesNothing, together } from './fold.ts';
import type { Folds, FoldsOptions } from './folds.ts';
import { type LiveFeed, type LiveMoment, openLiveFigures } from './live-figures.ts';
import type { RememberedSeals } from './remembered-seals.ts';
import { UnknownNumbers } from './roaring.ts';
import { openVoids } from './voids-in-folds.ts';

export interface FromFoldsOptions<Figures>
  extends Pick<FoldsOptions<HeldFold<Figures>>, 'calendar' | 'leftOut' | 'folding'> {
  clickhouse: ClickHouse;
  seals: RememberedSeals;
  folds: Folds<HeldFold<Figures>>;
  kind: FoldKind<Figures>;
  /** What changes from one answer to the next; absent: each is read beside folds. */
  feed: LiveFeed | undefined;
}

/** A question about some scopes, all of one moment. */
export interface AskedOfFolds {
  /** Name in ClickHouse's log. */
  name: string;
  sets: readonly RowsOptions[];
  /** Further numbers of the same moment, as SQL by their names. */
  also?: Record<string, string>;
  signal?: AbortSignal;
}

/** The figures of each scope by their key, in the order of the scopes. */
export interface FoldsAnswer<Figures> extends Pick<Beside, 'also'> {
  figures: ReadonlyMap<string, Figures>[];
}

/** Answers from folds alone; undefined where there are none for all scopes, or one of them was broken and is forgotten now. */
export type FromFolds<Figures> = (asked: AskedOfFolds) => Promise<FoldsAnswer<Figures> | undefined>;

/** A merge may drop what was before just when a void was taken off. */
const MOST_MENDS = 2;

/** Opens answers from folds of one kind. What is asked again is folded. */
export const openFromFolds = <Figures extends { newest: number }>(
  given: FromFoldsOptions<Figures>,
): FromFolds<Figures> => {
  const { clickhouse, seals, folds, calendar, leftOut, folding, kind, feed } = given;

  /** Those that were found whole once: what breaks later is what was added, or has changed. */
  const whole = new WeakSet<HeldFold<Figures>>();
  const voids = openVoids(clickhouse, kind);
  const live = feed && openLiveFigures(feed, kind, calendar);

  const scopesOf = async (sets: readonly RowsOptions[]): Promise<FoldedScope<HeldFold<Figures>>[] | undefined> => {
    const state = await seals.known();
    const scopes: FoldedScope<HeldFold<Figures>>[] = [];
    for (const options of sets) {
      const folded = await folds.find(options, state);
      if (folded === undefined) return undefined;
      scopes.push({ options, ...folded });
    }
    return scopes.every(({ fold }) => fold.rows === 0) ? undefined : scopes;
  };

  const answer = async (
    { name, sets, also, signal }: AskedOfFolds,
    before: LiveMoment | undefined,
    mends = 0,
  ): Promise<FoldsAnswer<Figures> | undefined> => {
    const state = await seals.known();
    const scopes = await scopesOf(sets);
    if (scopes === undefined) return undefined;
    const { sql, params } = besideSql(scopes, also && [alsoSql(also)]);
    const found = await clickhouse.row({ name, sql, params, row: besideRow, signal });
    const answers = scopes.map((folded, place) => figuresOf(folded, found, place));
    const broken = scopes.filter((_, place) => answers[place] === undefined);
    if (broken.length === 0) {
      // Answers are as exact without it.
      const following = follow(scopes, answers, before).catch(() => undefined);
      const learnt = Promise.all([...scopes.map(voids.learn), following]);
      if (folding === 'always') await learnt;
      return { figures: answers.flatMap((figures) => figures ?? []), also: found.also };
    }
    const mended = await Promise.all(broken.map((folded) => mends < MOST_MENDS && mend(folded, found)));
    if (mended.every(Boolean)) return answer({ name, sets, also, signal }, before, mends + 1);
    for (const [place, { fold }] of broken.entries()) {
      if (mended[place]) continue;
      folds.forget(fold.id);
      // One that never was whole may have been made of one that is not, and of one whose branches have moved it is as little use.
      if (fold.of !== undefined && (!whole.has(fold) || fold.places !== found.places)) folds.forget(fold.of);
    }
    // With its facts those of a seal have become others: what is known of the seals goes on without it.
    if (broken.some(({ fold }) => fold.running === undefined)) await seals.insteadOf(state);
    return undefined;
  };

  const figuresOf = (
    folded: FoldedScope<HeldFold<Figures>>,
    found: Beside,
    place: number,
  ): ReadonlyMap<string, Figures> | undefined => {
    const { fold, options } = folded;
    const { facts, ...print } = besideOf(found, place);
    if (!makesNothing(fold, print) || fold.places !== found.places) return undefined;
    whole.add(fold);
    try {
      const figures = together(kind, fold.figures, kind.ofFacts(facts, options));
      grow(folded, facts);
      return figures;
    } catch (error) {
      if (!(error instanceof UnknownNumbers)) throw error;
      // A sale has come to a day or month of which it knows no more than how many customers there were.
      whole.delete(fold);
      return undefined;
    }
  };

  /** Takes what is beside a fold into it, but for the newest facts, once that is much to read for each question. */
  const grow = (folded: FoldedScope<HeldFold<Figures>>, facts: readonly Fact[]): void => {
    const { options, fold } = folded;
    if (facts.length <= 2 * leftOut.facts || !areOfOneMoment(facts)) return;
    const newestFirst = facts.map(({ recorded }) => recorded).sort((a, b) => b - a);
    const until = Math.min((newestFirst[0] ?? 0) - leftOut.ms, newestFirst[leftOut.facts] ?? 0) - 1;
    const settled = facts.filter(({ recorded }) => recorded <= until);
    if (settled.length < leftOut.facts / 2) return;
    const figures = together(kind, fold.figures, kind.ofFacts(settled, options));
    const grown = {
      ...fold,
      id: randomUUID(),
      of: fold.of ?? fold.id,
      count: String(BigInt(fold.count) + BigInt(settled.length)),
      hash: String(BigInt.asUintN(64, BigInt(fold.hash) + hashOf(settled))),
      recorded: Math.max(fold.recorded, until),
      running: Math.max(fold.running ?? until, until),
    };
    const renewed = holding(kind, grown, figures);
    voids.grown(fold, renewed, settled);
    renew(folded, renewed);
  };

  /** Puts a fold in the place of one that was whole, and is so as well. */
  const renew = ({ options, cover }: FoldedScope<HeldFold<Figures>>, fold: HeldFold<Figures>): void => {
    whole.add(fold);
    folds.renew(options, { fold, cover });
  };

  /** Takes off a running fold what has become void since, where that is all that broke it. */
  const mend = async (folded: FoldedScope<HeldFold<Figures>>, { places }: Beside): Promise<boolean> => {
    const { fold } = folded;
    if (!whole.has(fold) || fold.places !== places) return false;
    const mended = await voids.takenOff(folded);
    if (mended === undefined) return false;
    renew(folded, mended);
    return true;
  };

  /** Figures that were read between two equal moments of the feed are of that moment, and follow it from there on. */
  const follow = async (
    answered: readonly FoldedScope<HeldFold<Figures>>[],
    answers: readonly (ReadonlyMap<string, Figures> | undefined)[],
    before: LiveMoment | undefined,
  ): Promise<void> => {
    if (before === undefined || live === undefined) return;
    const sets = answered.map(({ options }) => options);
    const after = await momentNow();
    if (after === undefined || after.position !== before.position || after.places.hash !== before.places.hash) return;
    // Those that have grown meanwhile are the ones that will be found. With other spans they would know other customers.
    const scopes = (await scopesOf(sets)) ?? [];
    for (const [place, { cover }] of answered.entries()) {
      const [scope, figures] = [scopes[place], answers[place]];
      if (scope !== undefined && figures !== undefined && areOfSameDays(scope.cover, cover))
        live.keep(scope, figures, before);
    }
  };

  /** Where the feed is; undefined when that cannot be told, as when nobody answers: each answer is read then. */
  const momentNow = async (): Promise<LiveMoment | undefined> => feed?.now().catch(() => undefined);

  const fromLive = async (sets: readonly RowsOptions[], moment: LiveMoment | undefined) => {
    if (live === undefined || moment === undefined) return undefined;
    const scopes = await scopesOf(sets);
    return scopes && live.at(scopes, moment);
  };

  /** What has followed the feed for long is proven again, and its folds grow. */
  let proving = false;
  const prove = async (asked: AskedOfFolds): Promise<void> => {
    if (proving) return;
    proving = true;
    try {
      await answer({ ...asked, signal: undefined }, await momentNow());
    } catch {
      // It is tried again with the next question.
    } finally {
      proving = false;
    }
  };

  return async (asked) => {
    const moment = asked.also === undefined ? await momentNow() : undefined;
    const known = await fromLive(asked.sets, moment);
    if (known !== undefined && known.changes > 2 * leftOut.facts) void prove(asked);
    const answers = known === undefined ? await answer(asked, moment) : { figures: known.figures, also: {} };
    const state = await seals.known();
    for (const options of asked.sets) folds.asked(options, state);
    return answers;
  };
};

/** Whether two covers take the same spans whole, all other days being open. */
const areOfSameDays = (one: Cover, other: Cover): boolean =>
  [one, other]
    .map(({ years, months, days, openDays }) => JSON.stringify([years, months, days, openDays]))
    .every((spans, _, [first]) => spans === first);
