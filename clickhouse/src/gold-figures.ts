import { randomUUID } from 'node:crypto';
import type { ClickHouse } from './client.ts';
import type { Scope } from './cover.ts';
import type { ExactRows, RowsOptions } from './exact-rows.ts';
import {
  areOfOneMoment,
  besideOf,
  besideRow,
  besideSql,
  type Fact,
  type FoldedScope,
  figuresOfFacts,
  hashOf,
} from './facts-beside.ts';
import {
  type FiguresQuestion,
  type FiguresRow,
  type FoldedQuestion,
  figuresRow,
  figuresSql,
  rowsOf,
} from './figures-sql.ts';
import { makesNothing } from './fold.ts';
import { bytesOf, type FiguresFold, together } from './folded-figures.ts';
import type { Folds, FoldsOptions } from './folds.ts';
import type { RememberedSeals } from './remembered-seals.ts';
import { UnknownNumbers } from './roaring.ts';
import type { SealState } from './seal-state.ts';

/** Asks for rows of sets, made one way or another, under settings. */
export type AskRows<Row> = (rowsOf: (options: RowsOptions) => ExactRows, settings?: string) => Promise<Row[]>;

export interface FiguresOptions extends Pick<FoldsOptions<FiguresFold>, 'leftOut'> {
  clickhouse: ClickHouse;
  spans: RememberedSeals;
  folds: Folds<FiguresFold>;
  shared: Pick<RowsOptions, 'shopDay' | 'timeZone'>;
  /** A statement of common table expressions and a SELECT, with settings. */
  withCtes: (sets: readonly Pick<ExactRows, 'ctes'>[], sql: string, settings?: string) => string;
  /** Whether a scope has so few facts that they are read sooner than a fold. */
  isSmall: (scope: Scope, state: SealState) => boolean;
  /** Answers without folds. */
  answerBy: <Row>(sets: readonly RowsOptions[], ask: AskRows<Row>) => Promise<Row[]>;
}

/** Answers questions about whole scopes: from folds, and where there are none yet, or no more, without. */
export const openFigures = (given: FiguresOptions) => {
  const { clickhouse, spans, folds, leftOut, shared, withCtes, isSmall, answerBy } = given;

  /** Those that were found whole once: what breaks later is what was added, or has changed. */
  const whole = new WeakSet<FiguresFold>();

  /** From folds alone; undefined where there are none for all scopes, or one of them was broken and is forgotten now. */
  const fromFolds = async (
    question: FoldedQuestion,
    sets: readonly RowsOptions[],
    state: SealState,
  ): Promise<FiguresRow[] | undefined> => {
    const scopes: FoldedScope[] = [];
    for (const options of sets) {
      const folded = await folds.find(options, state);
      if (folded === undefined || (folded.fold.running === undefined && folded.cover.openFacts > 0)) return undefined;
      scopes.push({ options, ...folded });
    }
    if (scopes.every(({ fold }) => fold.rows === 0)) return undefined;
    const { sql, params } = besideSql(question, scopes);
    const { name, signal } = question;
    const found = await clickhouse.row({ name, sql, params, row: besideRow, signal });
    const answers = scopes.map((folded, place) => {
      const { facts, ...print } = besideOf(found, place);
      const { fold, options } = folded;
      if (!makesNothing(fold, print)) return { fold };
      whole.add(fold);
      try {
        const figures = together(fold.figures, figuresOfFacts(facts, options));
        grow(folded, facts);
        return { fold, figures };
      } catch (error) {
        if (!(error instanceof UnknownNumbers)) throw error;
        // A sale has come to a day of which it knows no more than how many customers there were.
        whole.delete(fold);
        return { fold };
      }
    });
    const broken = answers.filter(({ figures }) => figures === undefined);
    for (const { fold } of broken) {
      folds.forget(fold.id);
      // One that never was whole may have been made of one that is not.
      if (fold.of !== undefined && !whole.has(fold)) folds.forget(fold.of);
    }
    // With its facts those of a seal have become others: what is known of the seals goes on without it.
    if (broken.some(({ fold }) => fold.running === undefined)) await spans.insteadOf(state);
    if (broken.length > 0) return undefined;
    return answers.flatMap(({ figures = new Map() }, place) =>
      rowsOf(question, sets[place]?.name ?? '', figures.values(), found.also),
    );
  };

  /** Takes what is beside a fold into it, but for the newest facts, once that is much to read for each question. */
  const grow = ({ options, cover, fold }: FoldedScope, facts: readonly Fact[]): void => {
    if (facts.length <= 2 * leftOut.facts || !areOfOneMoment(facts)) return;
    const newestFirst = facts.map(({ recorded }) => recorded).sort((a, b) => b - a);
    const until = Math.min((newestFirst[0] ?? 0) - leftOut.ms, newestFirst[leftOut.facts] ?? 0) - 1;
    const settled = facts.filter(({ recorded }) => recorded <= until);
    if (settled.length < leftOut.facts / 2) return;
    const figures = together(fold.figures, figuresOfFacts(settled, options));
    const grown: FiguresFold = {
      id: randomUUID(),
      of: fold.of ?? fold.id,
      rows: figures.size,
      count: String(BigInt(fold.count) + BigInt(settled.length)),
      hash: String(BigInt.asUintN(64, BigInt(fold.hash) + hashOf(settled))),
      recorded: Math.max(fold.recorded, until),
      running: Math.max(fold.running ?? until, until),
      bytes: bytesOf(figures),
      figures,
    };
    whole.add(grown);
    folds.grow(options, { fold: grown, cover });
  };

  const setsOf = ({ scopes, by = 'nothing' }: FoldedQuestion): RowsOptions[] =>
    Object.entries(scopes).map(([name, scope]) => ({
      name,
      scope,
      coarsest: by === 'day' || by === 'clock_hour' ? 'day' : 'year',
      byHour: by === 'hour' || by === 'weekday' || by === 'clock_hour',
      byWeekday: by === 'weekday',
      byBranch: by === 'branch',
      byStart: by === 'day' ? 'day' : by === 'clock_hour' ? 'hour' : undefined,
      ...shared,
    }));

  /** From folds, or undefined where there is none, and where it would be of no use. */
  const folded = async (question: FoldedQuestion): Promise<FiguresRow[] | undefined> => {
    const sets = setsOf(question);
    const state = await spans.known();
    if (sets.every(({ scope }) => isSmall(scope, state))) return undefined;
    const answers = await fromFolds(question, sets, state);
    for (const options of sets) folds.asked(options, state);
    return answers;
  };

  const figures = async (question: FiguresQuestion): Promise<FiguresRow[]> => {
    const sets = setsOf(question);
    const answers =
      (await folded(question)) ??
      (await answerBy(sets, (setOf, settings) => {
        const rows = sets.map(setOf);
        const { sql, params } = figuresSql(question);
        return clickhouse.rows({
          name: question.name,
          sql: withCtes(rows, sql, settings),
          params: Object.assign({}, params, ...rows.map((set) => set.params)),
          row: figuresRow,
          signal: question.signal,
        });
      }));
    const [only] = sets;
    return answers.map((row) => (sets.length === 1 && only !== undefined ? { ...row, scope: only.name } : row));
  };

  return { figures, folded };
};
