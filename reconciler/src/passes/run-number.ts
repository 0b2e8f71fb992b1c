import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';

const runRow = z.object({ run: z.coerce.number() });

/** The highest run that ClickHouse has noted; 0 before the first. */
export const notedRun = async (clickhouse: ClickHouse): Promise<number> =>
  (
    await clickhouse.row({
      name: 'reconciler: noted run',
      sql: 'SELECT max(run) AS run FROM ops.reconciliation',
      row: runRow,
    })
  ).run;

/**
 * Counts a run in Postgres, unless ClickHouse has noted a later one: then Postgres was restored to an earlier moment, or is
 * another database, and its count stays until somebody has run `npm run adopt-books`.
 */
export const beginRun = async (db: Database, clickhouse: ClickHouse): Promise<{ run: number; isRestored: boolean }> => {
  const noted = await notedRun(clickhouse);
  const { rows } = await db.query('update reconciliation_runs set run = run + 1 where run >= $1 returning run', [
    noted,
  ]);
  return rows[0] === undefined
    ? { run: noted, isRestored: true }
    : { run: runRow.parse(rows[0]).run, isRestored: false };
};

/** Makes Postgres the newest again: its count goes on above all that ClickHouse has noted. */
export const raiseRun = async (db: Database, clickhouse: ClickHouse): Promise<void> => {
  await db.query('update reconciliation_runs set run = greatest(run, $1)', [await notedRun(clickhouse)]);
};
