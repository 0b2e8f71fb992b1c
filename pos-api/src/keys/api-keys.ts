import { randomBytes } from 'node:crypto';
import { SCOPES, type Scope } from '@tillstream/schemas/api';
import { hashKey, keyIdOf } from '@tillstream/schemas/credentials/api-keys';
import { z } from 'zod';
import type { Database } from '../postgres/database.ts';

/** A key as the API knows it; the secret itself is nowhere. */
const apiKey = z.object({
  key_id: z.string(),
  name: z.string(),
  /** The one branch it may record for; null: any. */
  branch_id: z.string().nullable(),
  scopes: z.array(z.enum(SCOPES)),
});
const validKey = apiKey.extend({ secret_hash: z.instanceof(Buffer), expires_at: z.date().nullable() });
const listedKey = apiKey.extend({
  created_at: z.date(),
  expires_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  last_used_at: z.date().nullable(),
});

export type ApiKey = z.output<typeof apiKey>;
export type ValidKey = z.output<typeof validKey>;
export type ListedKey = z.output<typeof listedKey>;

/** What a new key may do, and for how long; without `expires_at` it has no end. */
export interface NewKey {
  name: string;
  branch_id: string | null;
  scopes: readonly Scope[];
  expires_at?: Date | undefined;
}

/**
 * Makes a key. Several valid ones of a till are no fault: that is how one is replaced without a moment in which none works.
 *
 * @returns its id, and the key itself, which cannot be had again
 * @throws what Postgres throws, e.g. for a branch that is not there or an admin key of one branch
 */
export const createKey = async (
  db: Database,
  { name, branch_id, scopes, expires_at }: NewKey,
): Promise<{ key_id: string; key: string }> => {
  const key_id = randomBytes(6).toString('hex');
  const key = `ts_${key_id}_${randomBytes(32).toString('base64url')}`;
  await db.query(
    'insert into api_keys (key_id, secret_hash, name, branch_id, scopes, expires_at) values ($1, $2, $3, $4, $5::text[], $6)',
    [key_id, hashKey(key), name, branch_id, scopes, expires_at],
  );
  return { key_id, key };
};

/**
 * Lets a key in that was made elsewhere, in the form of {@link createKey}. One that is known stays as it is, revoked or not.
 *
 * @returns its id, undefined where it was known
 */
export const allowKey = async (
  db: Database,
  key: string,
  { name, branch_id, scopes }: Omit<NewKey, 'expires_at'>,
): Promise<string | undefined> => {
  const key_id = keyIdOf(key);
  if (key_id === undefined) throw new Error('not an API key');
  const { rowCount } = await db.query(
    `insert into api_keys (key_id, secret_hash, name, branch_id, scopes) values ($1, $2, $3, $4, $5::text[])
     on conflict (key_id) do nothing`,
    [key_id, hashKey(key), name, branch_id, scopes],
  );
  return rowCount === 1 ? key_id : undefined;
};

/** Revokes a key; every API refuses it within seconds. False when there is no such key, or it was revoked before. */
export const revokeKey = async (db: Database, keyId: string): Promise<boolean> => {
  const { rowCount } = await db.query(
    'update api_keys set revoked_at = clock_timestamp() where key_id = $1 and revoked_at is null',
    [keyId],
  );
  return rowCount === 1;
};

/** All keys, revoked and expired ones included, oldest first. */
export const listKeys = async (db: Database): Promise<ListedKey[]> => {
  const { rows } = await db.query(
    'select key_id, name, branch_id, scopes, created_at, expires_at, revoked_at, last_used_at from api_keys order by created_at',
  );
  return rows.map((row) => listedKey.parse(row));
};

/** The keys that are valid now; one that expires is to be looked at again (`isExpired`) when it is used. */
export const validKeys = async (db: Database): Promise<ValidKey[]> => {
  const { rows } = await db.query({
    name: 'valid_keys',
    text: `select key_id, secret_hash, name, branch_id, scopes, expires_at from api_keys
      where revoked_at is null and (expires_at is null or expires_at > now())`,
  });
  return rows.map((row) => validKey.parse(row));
};

const keyEvent = apiKey.extend({
  event: z.enum(['created', 'changed', 'revoked', 'expired']),
  at: z.date(),
  role: z.string().nullable(),
  application: z.string().nullable(),
  scopes: z.array(z.string()),
  expires_at: z.date().nullable(),
});
export type KeyEvent = z.output<typeof keyEvent>;

/** What happened to keys, oldest first: who made, changed and revoked which, and which have expired. */
export const keyHistory = async (db: Database): Promise<KeyEvent[]> => {
  const { rows } = await db.query(
    'select key_id, event, at, role, application, name, branch_id, scopes, expires_at from api_key_history order by at',
  );
  return rows.map((row) => keyEvent.parse(row));
};

/** Notes when keys were last used (id → milliseconds since 1970). */
export const noteUse = async (db: Database, used: ReadonlyMap<string, number>): Promise<void> => {
  await db.query(
    `update api_keys set last_used_at = greatest(last_used_at, to_timestamp(used.at / 1000.0))
     from unnest($1::text[], $2::double precision[]) as used (id, at) where key_id = used.id`,
    [[...used.keys()], [...used.values()]],
  );
};
