import type { Pool } from 'pg';
import { z } from 'zod';

const passwordRow = z.object({ hash: z.string() });
const keyRow = z.object({
  key_id: z.string(),
  secret_hash: z.instanceof(Buffer),
  branch_id: z.string().nullable(),
  scopes: z.array(z.string()),
  expires_at: z.date().nullable(),
});

export type StoredKey = z.output<typeof keyRow>;

/** What Postgres knows about who may look: the password's hash, undefined while none is set, and the valid API keys. */
export interface Stored {
  passwordHash: string | undefined;
  keys: ReadonlyMap<string, StoredKey>;
}

/** Reads it anew. */
export const readStored = async (pool: Pool): Promise<Stored> => {
  const password = await pool.query('select hash from owner_password');
  const keys = await pool.query(
    'select key_id, secret_hash, branch_id, scopes, expires_at from api_keys where revoked_at is null',
  );
  return {
    passwordHash: password.rows.map((row) => passwordRow.parse(row).hash)[0],
    keys: new Map(keys.rows.map((row) => keyRow.parse(row)).map((key) => [key.key_id, key])),
  };
};
