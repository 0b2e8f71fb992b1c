import { clickhouseTime } from './clickhouse-time.ts';
import type { Cover } from './cover.ts';
import type { RowsOptions } from './exact-rows.ts';
import {
  allFacts,
  dayFacts,
  FACT_HASH,
  FIGURES,
  FOLDED_FIGURES,
  notAmong,
  ofBranchUnindexed,
  UNPACKED,
} from './facts.ts';
import { clockOf } from './shop-day.ts';

/** Rows of gold.folded_scopes: figures of some sealed spans together, and the fingerprint of the facts that they are of. */
export interface Fold {
  id: string;
  /** How many rows it has. */
  rows: number;
  /** The fingerprint of all its facts, as decimal digits: it may be larger than a number can be. */
  count: string;
  hash: string;
  /** When the last of them was recorded (ms since 1970), or later: what is recorded after it came late. */
  recorded: number;
}

/** A common table expression and its parameters. */
interface Rows {
  cte: string;
  params: Record<string, unknown>;
}

/**
 * SQL of the rows `name_sealed`: the sealed spans of a cover, each with its own figures.
 * The statement fails with `throwIf` (code 395) when the fingerprint of a span is not that of its facts, or when a day
 * of the scope has facts that is neither in a span nor open.
 */
export const spanRows = (cover: Cover, options: RowsOptions): Rows => {
  const { name, byHour, byWeekday, shopDay } = options;
  const branchOf = branchOfSeals(options);
  const list = listOf(options);
  const grainOf = (level: 'day' | 'month' | 'year') =>
    !byHour ? 'whole' : byWeekday && level !== 'day' ? 'weekday' : 'hour';
  const spans = (['day', 'month', 'year'] as const)
    .filter((level) => cover[`${level}s`].length > 0)
    .map((level) => `(level = '${level}' AND grain = '${grainOf(level)}' AND toUInt16(start) IN ${list(`${level}s`)})`);
  const taken = `clock = '${clockOf(shopDay)}' AND branch_id ${branchOf === undefined ? "!= ''" : `= {${name}_sealed_branch:String}`} AND (${spans.join(' OR ')})`;

  const [year, month] = [`toUInt16(toStartOfYear(${shopDay}))`, `toUInt16(toStartOfMonth(${shopDay}))`];
  const levels = `multiIf(${year} IN ${list('years')}, 3, ${month} IN ${list('months')}, 2, 1)`;
  const began = `multiIf(${year} IN ${list('years')}, ${year}, ${month} IN ${list('months')}, ${month}, toUInt16(${shopDay}))`;
  const facts = dayFacts(
    `${levels} AS span, ${began} AS began, ${branchOf === '' ? "''" : 'toString(branch_id)'} AS branch`,
    'span, began, branch',
    notOpen(options),
  );
  const seals = `
    SELECT toUInt8(level), toUInt16(start), toString(branch_id), print.1, print.2
    FROM (
      SELECT level, start, branch_id, [(sum(stored_count), sum(stored_hash)), (sum(merged_count), sum(merged_hash))] AS prints
      FROM gold.sealed_spans FINAL WHERE ${taken} GROUP BY level, start, branch_id
    ) ARRAY JOIN prints AS print`;
  const proof = `(SELECT throwIf(count() > 0, 'a seal was broken') FROM (${facts}) WHERE (span, began, branch, rows, hash) NOT IN (${seals})) = 0`;
  return {
    cte: `${name}_sealed AS (
      SELECT ${byWeekday ? 'start + if(weekday = 0, 0, (weekday + 7 - toDayOfWeek(start)) % 7)' : 'start'} AS day, hour_start AS slot, hour, branch_id, unique_customers, ${FIGURES}
      FROM gold.sealed_spans FINAL WHERE ${taken} AND ${proof})`,
    params: {
      ...coverParams(cover, options),
      [`${name}_sealed_branch`]: branchOf ?? '',
      [`${name}_years`]: cover.years,
      [`${name}_months`]: cover.months,
      [`${name}_days`]: cover.days,
    },
  };
};

/**
 * The same figures in as few rows as the question tells apart, by branch, hour and weekday; `day` tells no more than the
 * weekday, and `slot` nothing. {@link lateFacts} are to be added to them.
 * Fails in the same way when all facts of the scope outside its open days are not those of the fold and these together, each purchase
 * once, or when a row of the fold is gone.
 */
export const foldRows = (cover: Cover, options: RowsOptions, fold: Fold): Rows => {
  const { name } = options;
  const ofFold = `gold.folded_scopes WHERE fold = {${name}_fold:UUID}`;
  // Two subqueries: one that compares both, or rows that count themselves, took longer to plan.
  const isThere = `(SELECT throwIf(count() != {${name}_fold_rows:UInt64}, 'a fold is gone') FROM ${ofFold}) = 0`;
  // A repeat, or another version of a purchase that the fold has, cannot be added.
  const isTrue = `(SELECT throwIf(sum(rows) != {${name}_fold_count:UInt64} OR sum(hash) != {${name}_fold_hash:UInt64} OR sum(repeats) != 0, 'a fold was broken')
      FROM (
        SELECT toInt64(rows) AS rows, hash, 0 AS repeats FROM (${allFacts(notOpen(options))})
        UNION ALL
        SELECT -toInt64(count()), toUInt64(0 - sum(${FACT_HASH})), countIf(status != 'recorded') + count() - uniqExact(purchase_id)
        FROM ${lateFacts(options)}
      )) = 0`;
  return {
    cte: `${name}_sealed AS (
      SELECT toDate(if(weekday = 0, 0, weekday + ${BEFORE_A_MONDAY})) AS day, toDateTime(0, 'UTC') AS slot, hour, branch_id, ${FIGURES}
      FROM ${ofFold} AND ${isTrue} AND ${isThere})`,
    params: {
      ...coverParams(cover, options),
      [`${name}_fold`]: fold.id,
      [`${name}_fold_rows`]: fold.rows,
      [`${name}_fold_count`]: fold.count,
      [`${name}_fold_hash`]: fold.hash,
      [`${name}_fold_recorded`]: clickhouseTime(fold.recorded),
      [`${name}_fold_from`]: clickhouseTime(Math.max(0, options.scope.from)),
      [`${name}_fold_to`]: clickhouseTime(cover.sealedUntil),
    },
  };
};

/** SQL of the facts that came to the days of a fold after it was made: a table and a condition. */
export const lateFacts = (options: RowsOptions): string => {
  const { name, shopDay } = options;
  const moment = (which: string) => `{${name}_fold_${which}:DateTime64(3, 'UTC')}`;
  // The key is searched by a range of slots; by a list of days it would be searched bit by bit.
  return `silver.purchases WHERE recorded_at > ${moment('recorded')} AND slot >= ${moment('from')} AND slot < ${moment('to')}
      AND ${notAmong(listOf(options)('open_days'), shopDay)} ${ofBranch(options)}`;
};

/** The columns of gold.folded_scopes in the order in which {@link foldSelect} gives them. */
export const FOLD_COLUMNS = `fold, branch_id, hour, weekday, facts_count, facts_hash, recorded_until, ${FIGURES}`;

/** What is to be inserted to fold the spans of a cover under an id: proven like any answer, and of one moment with its fingerprint. */
export const foldSelect = (cover: Cover, options: RowsOptions, id: string): { sql: string; params: Rows['params'] } => {
  const { name, byWeekday, scope } = options;
  const spans = spanRows(cover, options);
  // Hardly anything is recorded before it is sold: what was recorded last is near.
  const newest = `(SELECT max(newest) FROM ${name}_sealed)`;
  const recorded = `greatest(${newest}, (SELECT max(recorded_at) FROM silver.purchases WHERE recorded_at > ${newest} AND ${notOpen(options)}))`;
  return {
    sql: `WITH ${spans.cte}
      SELECT {fold:UUID}, of_branch, of_hour, of_weekday, print.1, print.2, ${recorded}, ${UNPACKED} FROM (
        SELECT part.branch_id AS of_branch, part.hour AS of_hour, ${byWeekday ? 'toDayOfWeek(part.day)' : '0'} AS of_weekday,
          (SELECT (rows, hash) FROM (${allFacts(notOpen(options))})) AS print, ${FOLDED_FIGURES}
        FROM ${name}_sealed AS part GROUP BY of_branch, of_hour, of_weekday)`,
    params: { ...spans.params, ...(scope.branch === undefined ? {} : { [`${name}_branch`]: scope.branch }), fold: id },
  };
};

/** SQL that is true for the branch of a scope. */
export const ofBranch = ({ name, scope }: RowsOptions): string =>
  scope.branch === undefined ? '' : `AND branch_id = {${name}_branch:String}`;

/** Of the business days of a scope all but the open ones, for the fingerprints of silver.purchases, which are few. */
const notOpen = (options: RowsOptions): string => {
  const { name, scope, shopDay } = options;
  return `${shopDay} >= toDate({${name}_first_day:UInt16}) AND ${shopDay} <= toDate({${name}_last_day:UInt16})
      AND ${notAmong(listOf(options)('open_days'), shopDay)}
      ${ofBranchUnindexed(scope.branch && `{${name}_branch:String}`)}`;
};

const coverParams = ({ firstDay, lastDay, openDays }: Cover, { name }: RowsOptions): Rows['params'] => ({
  [`${name}_first_day`]: firstDay,
  [`${name}_last_day`]: lastDay,
  [`${name}_open_days`]: openDays,
});

const listOf =
  ({ name }: RowsOptions) =>
  (which: string): string =>
    `{${name}_${which}:Array(UInt16)}`;

/** The branch whose seals are read: one, the chain (empty), or every single one (undefined). */
const branchOfSeals = ({ scope, byBranch }: RowsOptions): string | undefined =>
  scope.branch ?? (byBranch ? undefined : '');

/** Days since 1970-01-01, a Thursday, to the Sunday before the first Monday. */
const BEFORE_A_MONDAY = 3;
