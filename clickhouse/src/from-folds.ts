import { randomUUID } from 'node:crypto';
import { besideSql, type FoldedScope } from './beside-sql.ts';
import type { ClickHouse } from './client.ts';
import type { RowsOptions } from './exact-rows.ts';
import { areOfOneMoment, type Beside, besideOf, besideRow, type Fact, hashOf } from './facts-beside.ts';
import { bytesOf, type FoldKind, type HeldFold, makesNothing, together } from './fold.ts';
import type { Folds, FoldsOptions } from './folds.ts';
import type { RememberedSeals } from './remembered-seals.ts';
import { UnknownNumbers } from './roaring.ts';

export interface FromFoldsOptions<Figures> extends Pick<FoldsOptions<HeldFold<Figures>>, 'leftOut'> {
  clickhouse: ClickHouse;
  seals: RememberedSeals;
  folds: Folds<HeldFold<Figures>>;
  kind: FoldKind<Figures>;
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

/** Opens answers from folds of one kind. What is asked again is folded. */
export const openFromFolds = <Figures>(given: FromFoldsOptions<Figures>): FromFolds<Figures> => {
  const { clickhouse, seals, folds, leftOut, kind } = given;

  /** Those that were found whole once: what breaks later is what was added, or has changed. */
  const whole = new WeakSet<HeldFold<Figures>>();

  const answer: FromFolds<Figures> = async ({ name, sets, also, signal }) => {
    const state = await seals.known();
    const scopes: FoldedScope<HeldFold<Figures>>[] = [];
    for (const options of sets) {
      const folded = await folds.find(options, state);
      if (folded === undefined) return undefined;
      scopes.push({ options, ...folded });
    }
    if (scopes.every(({ fold }) => fold.rows === 0)) return undefined;
    const { sql, params } = besideSql({ also }, scopes);
    const found = await clickhouse.row({ name, sql, params, row: besideRow, signal });
    const answers = scopes.map((folded, place) => figuresOf(folded, found, place));
    const broken = scopes.filter((_, place) => answers[place] === undefined);
    for (const { fold } of broken) {
      folds.forget(fold.id);
      // One that never was whole may have been made of one that is not, and of one whose branches have moved it is as little use.
      if (fold.of !== undefined && (!whole.has(fold) || fold.places !== found.places)) folds.forget(fold.of);
    }
    // With its facts those of a seal have become others: what is known of the seals goes on without it.
    if (broken.some(({ fold }) => fold.running === undefined)) await seals.insteadOf(state);
    const figures = answers.flatMap((figures) => figures ?? []);
    return broken.length > 0 ? undefined : { figures, also: found.also };
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
  const grow = ({ options, cover, fold }: FoldedScope<HeldFold<Figures>>, facts: readonly Fact[]): void => {
    if (facts.length <= 2 * leftOut.facts || !areOfOneMoment(facts)) return;
    const newestFirst = facts.map(({ recorded }) => recorded).sort((a, b) => b - a);
    const until = Math.min((newestFirst[0] ?? 0) - leftOut.ms, newestFirst[leftOut.facts] ?? 0) - 1;
    const settled = facts.filter(({ recorded }) => recorded <= until);
    if (settled.length < leftOut.facts / 2) return;
    const figures = together(kind, fold.figures, kind.ofFacts(settled, options));
    const grown: HeldFold<Figures> = {
      id: randomUUID(),
      of: fold.of ?? fold.id,
      rows: figures.size,
      count: String(BigInt(fold.count) + BigInt(settled.length)),
      hash: String(BigInt.asUintN(64, BigInt(fold.hash) + hashOf(settled))),
      recorded: Math.max(fold.recorded, until),
      running: Math.max(fold.running ?? until, until),
      places: fold.places,
      bytes: bytesOf(kind, figures),
      figures,
    };
    whole.add(grown);
    folds.grow(options, { fold: grown, cover });
  };

  return async (asked) => {
    const answers = await answer(asked);
    const state = await seals.known();
    for (const options of asked.sets) folds.asked(options, state);
    return answers;
  };
};
