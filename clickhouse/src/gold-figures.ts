import type { ClickHouse } from './client.ts';
import type { Scope } from './cover.ts';
import type { Customers } from './customer-sets.ts';
import type { ExactRows, RowsOptions } from './exact-rows.ts';
import {
  type FiguresQuestion,
  type FiguresRow,
  type FoldedBy,
  type FoldedQuestion,
  figuresRow,
  figuresSql,
  rowsOf,
} from './figures-sql.ts';
import type { FoldedFigures } from './folded-figures.ts';
import type { FoldsAnswer, FromFolds } from './from-folds.ts';

/** Asks for rows of sets, made one way or another, under settings. */
export type AskRows<Row> = (rowsOf: (options: RowsOptions) => ExactRows, settings?: string) => Promise<Row[]>;

export interface FiguresOptions {
  clickhouse: ClickHouse;
  fromFolds: FromFolds<FoldedFigures>;
  shared: Pick<RowsOptions, 'shopDay' | 'timeZone'>;
  /** A statement of common table expressions and a SELECT, with settings. */
  withCtes: (sets: readonly Pick<ExactRows, 'ctes'>[], sql: string, settings?: string) => string;
  /** Answers without folds. */
  answerBy: <Row>(sets: readonly RowsOptions[], ask: AskRows<Row>) => Promise<Row[]>;
}

/** Answers questions about whole scopes: from folds, and where there are none yet, or no more, without. */
export const openFigures = ({ clickhouse, fromFolds, shared, withCtes, answerBy }: FiguresOptions) => {
  const setsOf = (scopes: Record<string, Scope>, by: FoldedBy): RowsOptions[] =>
    Object.entries(scopes).map(([name, scope]) => ({
      name,
      scope,
      coarsest: by === 'day' || by === 'clock_hour' ? 'day' : by === 'month' ? 'month' : 'year',
      byHour: by === 'hour' || by === 'weekday' || by === 'clock_hour',
      byWeekday: by === 'weekday',
      byBranch: by === 'branch',
      byStart: by === 'clock_hour' ? 'hour' : by === 'day' || by === 'month' ? by : undefined,
      ...shared,
    }));

  const rowsFrom = (
    question: FoldedQuestion,
    sets: readonly RowsOptions[],
    { figures, also }: FoldsAnswer<FoldedFigures>,
  ): FiguresRow[] => figures.flatMap((of, place) => rowsOf(question, sets[place]?.name ?? '', of.values(), also));

  const folded = async (question: FoldedQuestion): Promise<FiguresRow[] | undefined> => {
    const { name, scopes, by = 'nothing', also, signal } = question;
    const sets = setsOf(scopes, by);
    const answer = await fromFolds({ name, sets, also, signal });
    return answer && rowsFrom(question, sets, answer);
  };

  const customersByMonth = async (
    name: string,
    scope: Scope,
    signal?: AbortSignal,
  ): Promise<Map<number, Customers> | undefined> => {
    const answer = await fromFolds({ name, sets: setsOf({ period: scope }, 'month'), signal });
    const [months] = answer?.figures ?? [];
    return months && new Map(Array.from(months.values(), ({ start, customers }) => [start, customers]));
  };

  const figures = async (question: FiguresQuestion): Promise<FiguresRow[]> => {
    const { name, scopes, by = 'nothing', signal } = question;
    const sets = setsOf(scopes, by);
    const answers =
      (await folded(question)) ??
      (await answerBy(sets, (setOf, settings) => {
        const rows = sets.map(setOf);
        const { sql, params } = figuresSql(question);
        return clickhouse.rows({
          name,
          sql: withCtes(rows, sql, settings),
          params: Object.assign({}, params, ...rows.map((set) => set.params)),
          row: figuresRow,
          signal,
        });
      }));
    const [only] = sets;
    return answers.map((row) => (sets.length === 1 && only !== undefined ? { ...row, scope: only.name } : row));
  };

  return { figures, folded, customersByMonth };
};
