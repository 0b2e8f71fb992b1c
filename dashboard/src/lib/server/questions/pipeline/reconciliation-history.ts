import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

const SQL = `
  SELECT toUnixTimestamp(toStartOfHour(checked_at)) AS start, count() AS runs, sum(found.lost) AS lost, sum(found.extra) AS extra,
    sum(found.different) AS different, sum(found.healed) AS healed, max(found.in_flight) AS in_flight
  FROM ops.reconciliation AS found
  WHERE checked_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
  GROUP BY start ORDER BY start`;

const row = z.object({
  start: z.int(),
  runs: z.int(),
  lost: z.int(),
  extra: z.int(),
  different: z.int(),
  healed: z.int(),
  in_flight: z.int(),
});

/** What the comparisons with Postgres found, by the hour; `in_flight` is the most at any of them. */
export const readReconciliationHistory = async (clickhouse: ClickHouse, since: number, signal?: AbortSignal) => {
  const rows = await clickhouse.rows({ name: 'reconciliation_history', sql: SQL, params: { since }, row, signal });
  return rows.map(({ start, ...found }) => ({ start: new Date(start * 1000).toISOString(), ...found }));
};
