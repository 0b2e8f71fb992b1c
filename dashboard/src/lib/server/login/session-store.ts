import type { Pool } from 'pg';
import { z } from 'zod';
import { SESSION_MS, type SessionStore } from './session.ts';

const sessionRow = z.object({ started_at: z.date(), last_used_at: z.date() });

/**
 * The sessions in Postgres.
 *
 * @param idleMs unused for this long a session is over, and its row is cleared up
 */
export const postgresSessions = (pool: Pool, idleMs: number): SessionStore => ({
  find: async (tokenHash) => {
    const { rows } = await pool.query(
      `select started_at, last_used_at from sessions join owner_password on hash = password_hash where token_hash = $1`,
      [tokenHash],
    );
    const [row] = rows.map((each) => sessionRow.parse(each));
    return row && { startedAt: row.started_at, lastUsedAt: row.last_used_at };
  },
  start: async (tokenHash, passwordHash, at) => {
    await pool.query(
      `with over as (delete from sessions where started_at < $3::timestamptz - $4::float * interval '1 ms'
         or last_used_at < $3::timestamptz - $5::float * interval '1 ms')
       insert into sessions (token_hash, password_hash, started_at, last_used_at) values ($1, $2, $3, $3)`,
      [tokenHash, passwordHash, at, SESSION_MS, idleMs],
    );
  },
  use: async (tokenHash, at) => {
    await pool.query('update sessions set last_used_at = greatest(last_used_at, $2) where token_hash = $1', [
      tokenHash,
      at,
    ]);
  },
  end: async (tokenHash) => {
    await pool.query('delete from sessions where token_hash = $1', [tokenHash]);
  },
});
