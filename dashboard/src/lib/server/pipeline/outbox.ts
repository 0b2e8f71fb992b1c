import { z } from 'zod';
import { connectPostgres } from '../postgres.ts';

/** Counting stops here: more than this is an outage, and its exact size would cost a scan. */
const MOST_COUNTED = 10_001;

const SQL = `
  select count(*)::int as waiting, (select created_at from outbox order by id limit 1) as since
  from (select 1 from outbox limit ${MOST_COUNTED}) as bounded`;

const row = z.object({ waiting: z.int(), since: z.date().nullable() });

/** How many sales wait in Postgres to be sent, up to {@link MOST_COUNTED}, and since when the first one does. */
export interface Outbox {
  read(): Promise<{ waiting: number; since: Date | null }>;
  close(): Promise<void>;
}

/** Connects on first use; a read fails within a few seconds when Postgres is away. */
export const connectOutbox = (url: string): Outbox => {
  const pool = connectPostgres(url);
  return {
    read: async () => row.parse((await pool.query(SQL)).rows[0]),
    close: () => pool.end(),
  };
};
