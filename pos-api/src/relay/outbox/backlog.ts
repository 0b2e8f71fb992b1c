import { z } from 'zod';
import type { Database } from '../../postgres/database.ts';

/** More than this is an outage, and its exact size would cost a long scan. */
const MOST_COUNTED = 1_000_000;

const backlogRow = z.object({ waiting: z.int(), oldest_age_seconds: z.number(), dead_letters: z.int() });

/** What waits in Postgres for all relays together. */
export type Backlog = z.output<typeof backlogRow>;

export const readBacklog = async (db: Database): Promise<Backlog> => {
  const { rows } = await db.query(
    `select (select count(*)::int from (select from outbox limit $1) as counted) as waiting,
       coalesce((select date_part('epoch', clock_timestamp() - created_at) from outbox order by id limit 1), 0)
         as oldest_age_seconds,
       (select count(*)::int from dead_letters) as dead_letters`,
    [MOST_COUNTED],
  );
  return backlogRow.parse(rows[0]);
};
