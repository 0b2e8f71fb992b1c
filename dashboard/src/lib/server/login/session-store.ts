import { ROLES } from '@tillstream/schemas/values/choices';
import type { Pool } from 'pg';
import { z } from 'zod';
import { SESSION_MS, type SessionStore } from './session.ts';

const sessionRow = z.object({
  started_at: z.date(),
  last_used_at: z.date(),
  name: z.string(),
  role: z.enum(ROLES),
  branch_ids: z.array(z.string()),
});

/**
 * The sessions in Postgres.
 *
 * @param idleMs unused for this long a session is over, and its row is cleared up
 */
export const postgresSessions = (pool: Pool, idleMs: number): SessionStore => ({
  find: async (tokenHash) => {
    const { rows } = await pool.query(
      `select started_at, last_used_at, name, role, branch_ids from sessions join users using (user_id, password_hash)
       where token_hash = $1 and ended_at is null`,
      [tokenHash],
    );
    const [row] = rows.map((each) => sessionRow.parse(each));
    return (
      row && {
        startedAt: row.started_at,
        lastUsedAt: row.last_used_at,
        who: { name: row.name, role: row.role, branches: row.role === 'owner' ? undefined : row.branch_ids },
      }
    );
  },
  start: async (tokenHash, { userId, passwordHash }, at) => {
    await pool.query(
      `with over as (delete from sessions where started_at < $4::timestamptz - $5::float * interval '1 ms'
         or last_used_at < $4::timestamptz - $6::float * interval '1 ms')
       insert into sessions (token_hash, user_id, password_hash, started_at, last_used_at) values ($1, $2, $3, $4, $4)`,
      [tokenHash, userId, passwordHash, at, SESSION_MS, idleMs],
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
