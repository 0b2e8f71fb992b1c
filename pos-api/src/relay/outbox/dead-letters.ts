import { z } from 'zod';
import type { Database } from '../../postgres/database.ts';
import type { Refused } from '../deliver.ts';

const deadLetter = z.object({
  id: z.string(),
  key: z.string(),
  bytes: z.int(),
  reason: z.string(),
  set_aside_at: z.date(),
});

/** An event that the receiver will never take as it is. */
export type DeadLetter = z.output<typeof deadLetter>;

/** Writes refused events down, in the caller's transaction: the one that deletes them from the outbox. */
export const setAside = async (db: Pick<Database, 'query'>, refused: readonly Refused[]): Promise<void> => {
  await db.query(
    `insert into dead_letters (key, payload, reason)
     select * from unnest($1::text[], $2::text[], $3::text[])`,
    [
      refused.map(({ event }) => event.key),
      refused.map(({ event }) => event.payload),
      refused.map(({ reason }) => reason),
    ],
  );
};

/** The oldest dead letters. */
export const listDeadLetters = async (db: Database, limit: number): Promise<DeadLetter[]> => {
  const { rows } = await db.query(
    `select id, key, octet_length(payload) as bytes, reason, set_aside_at from dead_letters order by id limit $1`,
    [limit],
  );
  return rows.map((row) => deadLetter.parse(row));
};

/**
 * Puts dead letters back into the outbox, those of the ids or all of them, and wakes the relay.
 *
 * @returns how many went back; an id that is none is passed over
 */
export const retryDeadLetters = async (db: Database, ids: readonly string[] | 'all'): Promise<number> => {
  const { rows } = await db.query(
    `with back as (
       delete from dead_letters where $1::bigint[] is null or id = any ($1::bigint[]) returning key, payload
     ), put as (
       insert into outbox (key, payload) select key, payload from back returning 1
     )
     select count(*)::int as put, pg_notify('outbox', '') from put`,
    [ids === 'all' ? null : ids],
  );
  return z.object({ put: z.int() }).parse(rows[0]).put;
};
