import { hashPassword } from '@tillstream/schemas/credentials/password';
import { ROLES, type Role } from '@tillstream/schemas/values/choices';
import { z } from 'zod';
import type { Database } from '../postgres/database.ts';
import { type Actor, queryAs } from './actor.ts';

const listedUser = z.object({
  name: z.string(),
  role: z.enum(ROLES),
  /** Theirs; none for an owner, who has all. */
  branch_ids: z.array(z.string()),
  has_password: z.boolean(),
  has_pin: z.boolean(),
  /** Whether too many wrong PINs came in a row: it opens nothing until there is a new one. */
  pin_locked: z.boolean(),
  created_at: z.date(),
  ended_at: z.date().nullable(),
});
export type ListedUser = z.output<typeof listedUser>;

/** Wrong PINs in a row after which a PIN opens nothing. */
export const MOST_PIN_FAILURES = 10;

/** The user whose password `npm run password` sets. */
export const OWNER = 'owner';

export interface NewUser {
  name: string;
  role: Role;
  branch_ids: readonly string[];
  password?: string | undefined;
  pin?: string | undefined;
}

/** Why a user cannot be made, changed or ended, in words for who asked. */
export class UserError extends Error {}

/** Anything but control characters, and no space at either end. */
const NAME = /^[^\s\p{C}](?:[^\p{C}]{0,58}[^\s\p{C}])?$/u;

/**
 * Makes a user, who may log in with the password and sign in at a till with the PIN.
 *
 * @throws UserError when the name is taken or something is wrong with what was given
 */
export const addUser = async (db: Database, user: NewUser, actor?: Actor): Promise<void> => {
  const { name, role, branch_ids } = user;
  if (!NAME.test(name)) throw new UserError('the name must be 1 to 60 characters, without spaces around it');
  if (role === 'owner' && branch_ids.length > 0) throw new UserError('an owner has all branches: name none');
  if (role !== 'owner' && branch_ids.length === 0) throw new UserError(`a ${role} needs a branch`);
  if (role !== 'owner' && name.toLowerCase() === OWNER) throw new UserError(`${OWNER} is the name of an owner`);
  if (role === 'manager' && user.password === undefined) throw new UserError('a manager needs a password');
  if (user.password === undefined && user.pin === undefined) throw new UserError('a user needs a password or a PIN');
  const { rows } = await db.query('select branch_id from branches where branch_id = any ($1)', [branch_ids]);
  const known = new Set(rows.map((row) => z.object({ branch_id: z.string() }).parse(row).branch_id));
  const unknown = branch_ids.filter((branch) => !known.has(branch));
  if (unknown.length > 0) throw new UserError(`there is no branch ${unknown.join(', ')}`);
  const { rowCount } = await queryAs(
    db,
    actor,
    `insert into users (name, role, branch_ids, password_hash, pin_hash) select $2, $3, $4::text[], $5, $6 from actor
     on conflict (lower(name)) where ended_at is null do nothing`,
    [name, role, [...known], await hashOf(user.password), await hashOf(user.pin)],
  );
  if (rowCount === 0) throw new UserError(`there is a user ${name} already`);
};

/**
 * Gives a user another password, PIN or both: whoever was in with the former one is out within seconds.
 *
 * @throws UserError when there is no such user
 */
export const setSecrets = async (
  db: Database,
  name: string,
  { password, pin }: { password?: string | undefined; pin?: string | undefined },
  actor?: Actor,
): Promise<void> => {
  const { rowCount } = await queryAs(
    db,
    actor,
    `update users set password_hash = coalesce($3, password_hash), pin_hash = coalesce($4, pin_hash),
       pin_failures = case when $4 is null then pin_failures else 0 end
     from actor where lower(name) = lower($2) and ended_at is null`,
    [name, await hashOf(password), await hashOf(pin)],
  );
  if (rowCount === 0) throw new UserError(`there is no user ${name}`);
};

/**
 * Ends a user: every session and every sign-in at a till is over within seconds. What they did stays written down, and the name
 * may be given anew.
 *
 * @throws UserError when there is no such user, or it is the last owner who can log in
 */
export const endUser = async (db: Database, name: string, actor?: Actor): Promise<void> => {
  const { rowCount } = await queryAs(
    db,
    actor,
    `update users u set ended_at = clock_timestamp() from actor
     where lower(name) = lower($2) and ended_at is null and (role <> 'owner' or exists (
       select from users other where other.role = 'owner' and other.ended_at is null and other.password_hash is not null
         and other.user_id <> u.user_id))`,
    [name],
  );
  if (rowCount !== 0) return;
  const { rows } = await db.query('select from users where lower(name) = lower($1) and ended_at is null', [name]);
  throw new UserError(rows.length === 0 ? `there is no user ${name}` : `${name} is the last owner who can log in`);
};

/** Who may log in or sell; with `ended`, also who might once. By role, then by name. */
export const listUsers = async (db: Database, { ended }: { ended: boolean }): Promise<ListedUser[]> => {
  const { rows } = await db.query(
    `select name, role, branch_ids, password_hash is not null as has_password, pin_hash is not null as has_pin,
       pin_failures >= $2 as pin_locked, created_at, ended_at
     from users where $1 or ended_at is null
     order by ended_at is not null, array_position(array['owner', 'manager', 'cashier'], role), lower(name), created_at`,
    [ended, MOST_PIN_FAILURES],
  );
  return rows.map((row) => listedUser.parse(row));
};

/**
 * Sets the password of the user `owner`, who is made where there is none; whoever was logged in with another is out at once.
 *
 * @returns whether there was one before
 */
export const setOwnerPassword = async (db: Database, password: string): Promise<boolean> => {
  const { rows } = await db.query(
    `with before as (select 1 from users where lower(name) = $1 and ended_at is null and password_hash is not null)
     insert into users (name, role, branch_ids, password_hash) values ($1, 'owner', '{}', $2)
     on conflict (lower(name)) where ended_at is null do update set password_hash = excluded.password_hash
     returning exists (select 1 from before) as replaced`,
    [OWNER, await hashOf(password)],
  );
  return rows[0]?.replaced === true;
};

const hashOf = async (secret: string | undefined): Promise<string | null> =>
  secret === undefined ? null : hashPassword(secret);
