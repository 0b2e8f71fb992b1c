import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';
import { keysThatDiffer } from '../compare/difference.ts';
import { type Key, keyText } from '../facts/facts.ts';
import { HIGHEST_VERSION } from '../heal/purchases.ts';
import { subjectsIn } from '../passes/subjects.ts';

/** Which purchases are sent again: sold in `[from, to)`, milliseconds since 1970. */
export interface Period {
  from: number;
  to: number;
  /** Absent: of all branches. */
  branch: string | undefined;
}

export interface ReemitProgress {
  /** Products and branches: all of them are sent, whatever the period. */
  catalog: number;
  sent: number;
  /** Of these, how many ClickHouse had otherwise or not at all, what was still on its way included. */
  differed: number;
  total: number;
}

const BATCH = 2_000;
/** Sales that come in meanwhile wait behind no more events than this: a relay sends them in a fraction of a second. */
const OUTBOX_AT_MOST = 10_000;
const POLL_MS = 50;

const catalogRow = z.object({ sent: z.int() });
const batchRow = z.object({
  purchase_id: z.string(),
  branch_id: z.string(),
  slot: z.coerce.number(),
  sold_at: z.string(),
});

/**
 * Sends every purchase of a period again through the outbox, in its present state and with its customer's, and before them
 * the catalog, without which a ClickHouse that was empty would know no names. Safe to repeat.
 *
 * An event that ClickHouse has already is turned away there, so the version is kept, and raised only where ClickHouse
 * holds other content: a bump of all of them would write every row anew and make each of their sealed slots stale.
 *
 * @throws when a store is away; a repetition sends the whole period again
 */
export const reemit = async (
  db: Database,
  clickhouse: ClickHouse,
  period: Period,
  onProgress: (progress: ReemitProgress) => void,
  signal: AbortSignal,
): Promise<ReemitProgress> => {
  const { purchases } = subjectsIn(db, clickhouse);
  const bounds = [period.from, period.to, period.branch ?? null];
  const sold = `sold_at >= to_timestamp($1::float8 / 1000) and sold_at < to_timestamp($2::float8 / 1000) and ($3::text is null or branch_id = $3)`;
  const counted = await db.query(`select count(*) as total from purchases where ${sold}`, bounds);
  const { total } = z.object({ total: z.coerce.number() }).parse(counted.rows[0]);
  const catalog = await db.query('select reemit_catalog() as sent');
  const progress: ReemitProgress = { catalog: catalogRow.parse(catalog.rows[0]).sent, sent: 0, differed: 0, total };
  let after: { sold_at: string; id: string } | undefined;

  while (!signal.aborted) {
    const { rows } = await db.query(
      `select purchase_id, branch_id, extract(epoch from date_bin('15 minutes', sold_at, timestamptz 'epoch'))::bigint as slot,
         sold_at::text as sold_at
       from purchases where ${sold} and ($4::timestamptz is null or (sold_at, purchase_id) > ($4, $5::uuid))
       order by sold_at, purchase_id limit ${BATCH}`,
      [...bounds, after?.sold_at ?? null, after?.id ?? null],
    );
    const batch = rows.map((row) => batchRow.parse(row));
    const last = batch.at(-1);
    if (last === undefined) break;
    const keys = batch.map(({ purchase_id, branch_id, slot }): Key => ({ id: purchase_id, branch: branch_id, slot }));
    const theirs = await purchases.clickhouse.facts(keys);
    const differing = new Set(keysThatDiffer(await purchases.postgres.facts(keys), theirs).map(keyText));
    await db.query('select reemit_purchases($1::uuid[], $2::integer[])', [
      keys.map(({ id }) => id),
      keys
        .map(keyText)
        .map((key) => (differing.has(key) ? Math.min(theirs.get(key)?.version ?? 0, HIGHEST_VERSION) : 0)),
    ]);
    progress.sent += batch.length;
    progress.differed += differing.size;
    onProgress(progress);
    after = { sold_at: last.sold_at, id: last.purchase_id };
    await untilThereIsRoom(db, signal);
  }
  return progress;
};

const untilThereIsRoom = async (db: Database, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const { rows } = await db.query('select count(*) as waiting from (select from outbox limit $1) as waiting_row', [
      OUTBOX_AT_MOST,
    ]);
    const { waiting } = z.object({ waiting: z.coerce.number() }).parse(rows[0]);
    if (waiting < OUTBOX_AT_MOST) return;
    await delay(POLL_MS);
  }
};
