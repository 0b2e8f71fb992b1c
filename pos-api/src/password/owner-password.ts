import { hashPassword } from '@tillstream/schemas/credentials/password';
import type { Database } from '../postgres/database.ts';

/**
 * Sets the password of the owner's pages; whoever was logged in with another is out at once.
 *
 * @returns whether there was one before
 */
export const setOwnerPassword = async (db: Database, password: string): Promise<boolean> => {
  const hash = await hashPassword(password);
  const { rows } = await db.query(
    `with before as (select 1 from owner_password)
     insert into owner_password (hash) values ($1)
     on conflict (only_one) do update set hash = excluded.hash, set_at = clock_timestamp()
     returning exists (select 1 from before) as replaced`,
    [hash],
  );
  return rows[0]?.replaced === true;
};
