import { allowKey, listKeys, revokeKey } from '@tillstream/pos-api/keys/api-keys';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';

const NAME = "the dashboard's till";

/**
 * Lets the dashboard's till in with the key that the one-shot `secrets` made, and revokes the keys that it had before.
 * A key that the operator revoked stays so.
 *
 * @returns what was done, nothing where the key was known
 */
export const letTillIn = async (postgresUrl: string, key: string): Promise<string[]> => {
  const db = connectPostgres(postgresUrl, 'migrate', 1);
  try {
    const made = await allowKey(db, key, { name: NAME, branch_id: null, scopes: ['post', 'read'] });
    if (made === undefined) return [];
    const former = (await listKeys(db)).filter(
      ({ name, key_id, revoked_at }) => name === NAME && key_id !== made && revoked_at === null,
    );
    for (const { key_id } of former) await revokeKey(db, key_id);
    return [`${made} is let in`, ...former.map(({ key_id }) => `${key_id} is revoked`)];
  } finally {
    await db.end();
  }
};
