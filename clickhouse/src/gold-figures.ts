import type { ClickHouse } from './client.ts';
import type { Scope } from './cover.ts';
import type { ExactRows, RowsOptions } from './exact-rows.ts';
import { type FiguresQuestion, type FiguresRow, figuresRow, figuresSql, provenRow } from './figures-sql.ts';
import { isWhole } from './fold.ts';
import { foldedRows } from './folded-rows.ts';
import type { Folded, Folds } from './folds.ts';
import type { RememberedSeals } from './remembered-seals.ts';
import type { SealState } from './seal-state.ts';

/** Asks for rows of sets, made one way or another, under settings. */
export type AskRows<Row> = (rowsOf: (options: RowsOptions) => ExactRows, settings?: string) => Promise<Row[]>;

export interface FiguresOptions {
  clickhouse: ClickHouse;
  spans: RememberedSeals;
  folds: Folds;
  shared: Pick<RowsOptions, 'shopDay' | 'timeZone'>;
  /** A statement of common table expressions and a SELECT, with settings. */
  withCtes: (sets: readonly Pick<ExactRows, 'ctes'>[], sql: string, settings?: string) => string;
  /** Whether a scope has so few facts that they are read sooner than a fold. */
  isSmall: (scope: Scope, state: SealState) => boolean;
  /** Answers without folds. */
  answerBy: <Row>(sets: readonly RowsOptions[], ask: AskRows<Row>) => Promise<Row[]>;
}

/** Answers questions about whole scopes: from folds, and where there are none yet, or no more, without. */
export const openFigures = ({ clickhouse, spans, folds, shared, withCtes, isSmall, answerBy }: FiguresOptions) => {
  /** From folds alone; undefined where there are none for all scopes, or one of them was broken and is forgotten now. */
  const fromFolds = async (
    question: FiguresQuestion,
    sets: readonly RowsOptions[],
    state: SealState,
  ): Promise<FiguresRow[] | undefined> => {
    const found: (Folded & { options: RowsOptions })[] = [];
    for (const options of sets) {
      const folded = await folds.find(options, state);
      if (folded === undefined) return undefined;
      found.push({ options, ...folded });
    }
    if (found.every(({ fold }) => fold.rows === 0)) return undefined;
    const wanted = { customers: question.customers ?? true, products: question.products !== undefined };
    const rows = found.map(({ options, cover, fold }) => foldedRows(cover, options, fold, wanted));
    const { sql, params } = figuresSql(question, true);
    const answers = await clickhouse.rows({
      name: question.name,
      sql: withCtes(rows, sql),
      params: Object.assign({}, params, ...rows.map((set) => set.params)),
      row: provenRow,
      signal: question.signal,
    });
    const ofScope = (name: string) => answers.filter(({ scope }) => sets.length === 1 || scope === name);
    const broken = found.filter(({ fold, options }) => !isWhole(fold, ofScope(options.name)));
    for (const { fold } of broken) folds.forget(fold);
    // With its facts those of a seal have become others: what is known of the seals goes on without it.
    if (broken.some(({ fold }) => fold.running === undefined)) await spans.insteadOf(state);
    return broken.length === 0 ? answers : undefined;
  };

  const figures = async (question: FiguresQuestion): Promise<FiguresRow[]> => {
    const { scopes, by = 'nothing', signal } = question;
    const sets = Object.entries(scopes).map(([name, scope]): RowsOptions => {
      const [byHour, byWeekday] = [by === 'hour' || by === 'weekday', by === 'weekday'];
      return { name, scope, coarsest: 'year', byHour, byWeekday, byBranch: by === 'branch', ...shared };
    });
    const state = await spans.known();
    const isFolded = !sets.every(({ scope }) => isSmall(scope, state));
    // A running fold that was broken has one of spans behind it.
    const folded = async () => (await fromFolds(question, sets, state)) ?? (await fromFolds(question, sets, state));
    const answers =
      (isFolded ? await folded() : undefined) ??
      (await answerBy(sets, (rowsOf, settings) => {
        const rows = sets.map(rowsOf);
        const { sql, params } = figuresSql(question, false);
        return clickhouse.rows({
          name: question.name,
          sql: withCtes(rows, sql, settings),
          params: Object.assign({}, params, ...rows.map((set) => set.params)),
          row: figuresRow,
          signal,
        });
      }));
    if (isFolded) for (const options of sets) folds.asked(options, state);
    const [only] = sets;
    return answers
      .filter(({ branch_id, hour }) => (by === 'branch' ? branch_id !== '' : by === 'nothing' || hour >= 0))
      .map((row) => (sets.length === 1 && only !== undefined ? { ...row, scope: only.name } : row));
  };

  return figures;
};
