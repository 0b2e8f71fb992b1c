import { ROLES, type Role } from '@tillstream/schemas/values/choices';
import type { Pool } from 'pg';
import { z } from 'zod';

const anyRow = z.object({ any: z.boolean() });
const userRow = z.object({ user_id: z.int(), name: z.string(), role: z.enum(ROLES), password_hash: z.string() });
const keyRow = z.object({
  key_id: z.string(),
  secret_hash: z.instanceof(Buffer),
  branch_id: z.string().nullable(),
  scopes: z.array(z.string()),
  expires_at: z.date().nullable(),
});

export type StoredKey = z.output<typeof keyRow>;

/** A user whose password may be tried. */
export interface StoredUser {
  userId: number;
  name: string;
  role: Role;
  passwordHash: string;
}

/** What Postgres knows about who may look: whether anybody has a password, and the valid API keys by their ids. */
export interface Stored {
  hasPassword: boolean;
  keys: ReadonlyMap<string, StoredKey>;
}

/** Reads it anew. */
export const readStored = async (pool: Pool): Promise<Stored> => {
  const users = await pool.query(
    'select exists (select from users where password_hash is not null and ended_at is null) as any',
  );
  const keys = await pool.query(
    'select key_id, secret_hash, branch_id, scopes, expires_at from api_keys where revoked_at is null',
  );
  return {
    hasPassword: anyRow.parse(users.rows[0]).any,
    keys: new Map(keys.rows.map((row) => keyRow.parse(row)).map((key) => [key.key_id, key])),
  };
};

/** The user of a name, upper or lower case; undefined where there is none who logs in. */
export const findUser = async (pool: Pool, name: string): Promise<StoredUser | undefined> => {
  const { rows } = await pool.query(
    `select user_id, name, role, password_hash from users
     where lower(name) = lower($1) and password_hash is not null and ended_at is null`,
    [name],
  );
  const [row] = rows.map((each) => userRow.parse(each));
  return row && { userId: row.user_id, name: row.name, role: row.role, passwordHash: row.password_hash };
};
