import { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { dayFacts, ONE_SNAPSHOT, stillTrue } from './facts.ts';

/** Which days and months were not sealed, or not any more, at one moment. Days since 1970-01-01; a month is its first day. */
export interface SealState {
  /** First and last business day with facts; undefined when there is none. */
  days?: { first: number; last: number };
  openDays: ReadonlySet<number>;
  openMonths: ReadonlySet<number>;
  /** Rows of facts by business day: how much there is to compute where nothing is sealed. */
  facts: ReadonlyMap<number, number>;
}

const sql = (shopDay: string) => `
  SELECT
    toUInt32(countIf(facts.level = 'day')) AS days,
    minIf(toUInt16(facts.start), facts.level = 'day') AS first,
    maxIf(toUInt16(facts.start), facts.level = 'day') AS last,
    groupUniqArrayIf(toUInt16(facts.start), facts.level = 'day' AND NOT ${stillTrue('sealed', 'facts')}) AS open_days,
    groupUniqArrayIf(toUInt16(facts.start), facts.level = 'month' AND NOT ${stillTrue('sealed', 'facts')}) AS open_months,
    sumMapIf([toUInt16(facts.start)], [facts.rows], facts.level = 'day') AS facts_by_day
  FROM (${periodFacts(dayFacts(shopDay, '1'))}) AS facts
  LEFT JOIN gold.sealed_periods AS sealed FINAL
    ON sealed.level = facts.level AND sealed.start = facts.start AND sealed.branch_id = facts.branch_id
  ${ONE_SNAPSHOT}`;

const row = z.object({
  days: z.int(),
  first: z.int(),
  last: z.int(),
  open_days: z.array(z.int()),
  open_months: z.array(z.int()),
  facts_by_day: z.tuple([z.array(z.int()), z.array(z.int())]),
});

/** Fingerprints of days and, summed, of their months, as rows (level, start, branch_id, rows, hash). */
const periodFacts = (days: string): string => `
    SELECT CAST(period.1, 'Enum8(\\'day\\' = 1, \\'month\\' = 2)') AS level, period.2 AS start, branch_id,
      sum(day_rows) AS rows, sum(day_hash) AS hash
    FROM (SELECT day, branch_id, rows AS day_rows, hash AS day_hash FROM (${days}))
    ARRAY JOIN [(1, day), (2, toStartOfMonth(day))] AS period
    GROUP BY level, start, branch_id`;

/** Compares all days and months with their facts; costs as much as there are days × branches. */
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
    facts: new Map(found.facts_by_day[0].map((day, index) => [day, found.facts_by_day[1][index] ?? 0])),
  };
};
