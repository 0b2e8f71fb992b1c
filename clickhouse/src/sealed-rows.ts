import { clockOf } from './calendar/shop-day.ts';
import type { Cover } from './cover.ts';
import type { RowsOptions } from './exact-rows.ts';
import { dayFacts, FIGURES, notAmong, ofBranchUnindexed } from './facts.ts';

/** A common table expression and its parameters. */
export interface Rows {
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

/** SQL that is true for the branch of a scope. */
export const ofBranch = ({ name, scope }: RowsOptions): string =>
  scope.branch === undefined ? '' : `AND branch_id = {${name}_branch:String}`;

/** The business days that a scope touches, for the fingerprints of silver.purchases, which are few. */
export const onDays = ({ name, scope, shopDay }: RowsOptions): string =>
  `${shopDay} >= toDate({${name}_first_day:UInt16}) AND ${shopDay} <= toDate({${name}_last_day:UInt16})
      ${ofBranchUnindexed(scope.branch && `{${name}_branch:String}`)}`;

/** All of them but the open ones. */
export const notOpen = (options: RowsOptions): string =>
  `${onDays(options)} AND ${notAmong(listOf(options)('open_days'), options.shopDay)}`;

export const coverParams = ({ firstDay, lastDay, openDays }: Cover, { name }: RowsOptions): Rows['params'] => ({
  [`${name}_first_day`]: firstDay,
  [`${name}_last_day`]: lastDay,
  [`${name}_open_days`]: openDays,
});

export const listOf =
  ({ name }: RowsOptions) =>
  (which: string): string =>
    `{${name}_${which}:Array(UInt16)}`;

/** The branch whose seals are read: one, the chain (empty), or every single one (undefined). */
const branchOfSeals = ({ scope, byBranch }: RowsOptions): string | undefined =>
  scope.branch ?? (byBranch ? undefined : '');
