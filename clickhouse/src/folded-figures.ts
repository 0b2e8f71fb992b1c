import { coverOf } from './cover.ts';
import { COLUMNS, ofFacts, openFacts, type RowsOptions, scopeParams } from './exact-rows.ts';
import { FIGURES, FOLDED_FIGURES, UNPACKED, UNPACKED_HOUR } from './facts.ts';
import { isThere, runningParts, spansParts } from './folding.ts';
import type { FoldStatements } from './folds.ts';
import { spanRows } from './sealed-rows.ts';
import type { ShopCalendar } from './shop-calendar.ts';

/** The rows of a fold with the columns of other rows; `day` tells no more than the weekday, and `slot` nothing. */
const rowsOf = (fold: string): string =>
  `SELECT toDate(if(weekday = 0, 0, weekday + ${BEFORE_A_MONDAY})) AS day, toDateTime(0, 'UTC') AS slot, hour, branch_id, ${FIGURES}
   FROM gold.folded_scopes WHERE fold = ${fold}`;

/** Days since 1970-01-01, a Thursday, to the Sunday before the first Monday. */
const BEFORE_A_MONDAY = 3;

const FOLD_COLUMNS = `fold, branch_id, hour, weekday, facts_count, facts_hash, recorded_until, ${FIGURES}`;

/** SQL of `rows` put together to those of a fold. Nobody asks for products by hour. */
const folded = (
  { byHour, byWeekday }: RowsOptions,
  { rows, print, recorded }: { rows: string; print: string; recorded: string },
): string => `
      SELECT {fold:UUID}, of_branch, of_hour, of_weekday, print.1, print.2, ${recorded}, ${byHour ? UNPACKED_HOUR : UNPACKED} FROM (
        SELECT part.branch_id AS of_branch, part.hour AS of_hour, ${byWeekday ? 'toDayOfWeek(part.day)' : '0'} AS of_weekday,
          ${print} AS print, ${FOLDED_FIGURES}
        FROM ${rows} AS part GROUP BY of_branch, of_hour, of_weekday)`;

/** Folds gold.sealed_spans. */
const foldSpans: FoldStatements['ofSpans'] = (cover, options, { id }) => {
  const { name } = options;
  const spans = spanRows(cover, options);
  const parts = spansParts(options, `${name}_sealed`);
  return {
    sql: `WITH ${spans.cte} ${folded(options, { rows: `${name}_sealed`, ...parts })}`,
    params: { ...scopeParams(options), ...spans.params, fold: id },
  };
};

const foldRunning: FoldStatements['running'] = (cover, options, made) => {
  const { range, isOfUse, params, ...parts } = runningParts(cover, options, made);
  const facts = `SELECT ${COLUMNS} FROM (${ofFacts(options, [`${openFacts(options)} AND ${range}`])})`;
  const rows =
    made.base === undefined
      ? facts
      : `${rowsOf('{base:UUID}')} AND ${isThere('gold.folded_scopes')} UNION ALL ${facts}`;
  return { sql: folded(options, { rows: `(SELECT * FROM (${rows}) WHERE ${isOfUse})`, ...parts }), params };
};

/** Folds of main figures. */
export const foldsOfFigures = (calendar: ShopCalendar): FoldStatements => ({
  table: 'gold.folded_scopes',
  columns: FOLD_COLUMNS,
  cover: ({ scope, coarsest }, state) => coverOf(scope, coarsest, calendar, state),
  ofSpans: foldSpans,
  running: foldRunning,
});
