import { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { dayFacts, ONE_SNAPSHOT, stillTrue } from './facts.ts';
import { clockOf } from './shop-day.ts';

/** Which spans were not sealed, or not any more, at one moment. Days since 1970-01-01; months and years are their first days. */
export interface SealState {
  /** First and last business day with facts; undefined when there is none. */
  days?: { first: number; last: number };
  openDays: ReadonlySet<number>;
  openMonths: ReadonlySet<number>;
  openYears: ReadonlySet<number>;
  /** Rows of facts by business day: how much there is to compute where nothing is sealed. */
  facts: ReadonlyMap<number, number>;
}

const openStarts = (level: string) =>
  `groupUniqArrayIf(toUInt16(facts.start), facts.level = '${level}' AND NOT ${stillTrue('sealed', 'facts')})`;

const sql = (shopDay: string) => `
  SELECT
    toUInt32(countIf(facts.level = 'day')) AS days,
    minIf(toUInt16(facts.start), facts.level = 'day') AS first,
    maxIf(toUInt16(facts.start), facts.level = 'day') AS last,
    ${openStarts('day')} AS open_days, ${openStarts('month')} AS open_months, ${openStarts('year')} AS open_years,
    sumMapIf([toUInt16(facts.start)], [facts.rows], facts.level = 'day' AND facts.branch_id = '') AS facts_by_day
  FROM (${spanFacts(dayFacts(`${shopDay} AS day, branch_id`, 'day, branch_id', '1'))}) AS facts
  LEFT JOIN (
    SELECT level, start, branch_id, stored_count, stored_hash, merged_count, merged_hash
    FROM gold.sealed_spans FINAL WHERE grain = 'whole' AND clock = '${clockOf(shopDay)}'
  ) AS sealed ON sealed.level = facts.level AND sealed.start = facts.start AND sealed.branch_id = facts.branch_id
  ${ONE_SNAPSHOT}`;

const row = z.object({
  days: z.int(),
  first: z.int(),
  last: z.int(),
  open_days: z.array(z.int()),
  open_months: z.array(z.int()),
  open_years: z.array(z.int()),
  facts_by_day: z.tuple([z.array(z.int()), z.array(z.int())]),
});

/** Fingerprints of days and, summed, of their months and years, as rows (level, start, branch_id, rows, hash). */
const spanFacts = (days: string): string => `
    SELECT CAST(span.1, 'Enum8(\\'day\\' = 1, \\'month\\' = 2, \\'year\\' = 3)') AS level, span.2 AS start, branch_id,
      sum(day_rows) AS rows, sum(day_hash) AS hash
    FROM (SELECT day, branch_id, rows AS day_rows, hash AS day_hash FROM (${days}))
    ARRAY JOIN [(1, day), (2, toStartOfMonth(day)), (3, toStartOfYear(day))] AS span
    -- Without a branch: the chain.
    GROUP BY GROUPING SETS ((level, start, branch_id), (level, start))`;

/** Compares all spans with their facts; costs as much as there are days × branches. */
export const readSealState = async (
  clickhouse: ClickHouse,
  shopDay: string,
  signal?: AbortSignal,
): Promise<SealState> => {
  const found = await clickhouse.row({ name: 'seal_state', sql: sql(shopDay), row, signal });
  return {
    days: found.days === 0 ? undefined : { first: found.first, last: found.last },
    openDays: new Set(found.open_days),
    openMonths: new Set(found.open_months),
    openYears: new Set(found.open_years),
    facts: new Map(found.facts_by_day[0].map((day, index) => [day, found.facts_by_day[1][index] ?? 0])),
  };
};
