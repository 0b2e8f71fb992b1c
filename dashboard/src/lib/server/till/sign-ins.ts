import { createHash, randomBytes } from 'node:crypto';
import { MOST_PIN_FAILURES } from '@tillstream/pos-api/users/users';
import { isPassword } from '@tillstream/schemas/credentials/password';
import { ROLES, type Role } from '@tillstream/schemas/values/choices';
import pLimit from 'p-limit';
import type { Pool } from 'pg';
import { z } from 'zod';
import { type Paces, Throttle } from '../login/throttle.ts';

/** Who stands at a till, or stood. */
export interface SignIn {
  name: string;
  role: Role;
  branch_id: string;
  /** Milliseconds since 1970; undefined while it holds. */
  endedAt: number | undefined;
}

/** What came of trying a PIN; `name` and `role` are the user's whose it is. */
export type PinAttempt =
  | { kind: 'in'; token: string; name: string; role: Role }
  /** `lastTry`: the PIN opens nothing from now on. */
  | { kind: 'wrong'; name?: string; lastTry?: boolean }
  | { kind: 'locked'; name: string }
  | { kind: 'later'; seconds: number };

/** Cashiers at tills, in Postgres. Everything here fails while Postgres is away. */
export interface SignIns {
  /** Who may sign in at a till of a branch, by name; nobody: no sign-in is asked for. */
  names(branch: string): Promise<string[]>;
  /** Tries a PIN; `till` is whose attempts are counted together. */
  attempt(branch: string, name: string, pin: string, till: string): Promise<PinAttempt>;
  /** Whose sign-in a token is, also when it is over. */
  find(token: string): Promise<SignIn | undefined>;
  end(token: string): Promise<void>;
}

const PACE = { atOnce: 5, everyMs: 15_000 };
/** Of one till; how often one user's PIN may be wrong stands in Postgres. */
const PACES: Paces = { each: PACE, unshared: PACE, all: { atOnce: 60, everyMs: 500 } };
/** Each attempt takes 32 MB and a thread for a while. */
const TRIED_AT_ONCE = 2;
/** So long a till that was offline may bring sales of a sign-in that is over (days). */
const KEPT_DAYS = 90;
const TOKEN = /^[\w-]{43}$/;

const MAY_SELL = "pin_hash is not null and ended_at is null and (role = 'owner' or $1 = any (branch_ids))";
const nameRow = z.object({ name: z.string() });
const triedRow = z.object({
  user_id: z.int(),
  name: z.string(),
  role: z.enum(ROLES),
  pin_hash: z.string(),
  pin_failures: z.int(),
});
const signInRow = z.object({
  name: z.string(),
  role: z.enum(ROLES),
  branch_id: z.string(),
  signed_out_at: z.date().nullable(),
});

export const createSignIns = (pool: Pool, clock: () => number = Date.now): SignIns => {
  const throttle = new Throttle(PACES);
  const inTurn = pLimit(TRIED_AT_ONCE);

  /** Counts the attempt as a failure before the PIN is looked at, so that many at once are no more than one after the other. */
  const takeAttempt = async (branch: string, name: string) => {
    const { rows } = await pool.query(
      `update users set pin_failures = pin_failures + 1
       where lower(name) = lower($2) and ${MAY_SELL} and pin_failures < $3
       returning user_id, name, role, pin_hash, pin_failures`,
      [branch, name, MOST_PIN_FAILURES],
    );
    return rows.map((row) => triedRow.parse(row))[0];
  };

  const start = async (branch: string, { user_id, pin_hash }: z.output<typeof triedRow>) => {
    const token = randomBytes(32).toString('base64url');
    const { rowCount } = await pool.query(
      `with over as (delete from till_sign_ins where coalesce(signed_out_at, signed_in_at) < now() - $5 * interval '1 day'),
         right_pin as (update users set pin_failures = 0 where user_id = $2 and pin_hash = $3 and ended_at is null returning user_id)
       insert into till_sign_ins (token_hash, user_id, branch_id) select $1, user_id, $4 from right_pin`,
      [hashOf(token), user_id, pin_hash, branch, KEPT_DAYS],
    );
    // Ended or given another PIN a moment ago.
    return rowCount === 1 ? token : undefined;
  };

  return {
    names: async (branch) => {
      const { rows } = await pool.query(`select name from users where ${MAY_SELL} order by lower(name)`, [branch]);
      return rows.map((row) => nameRow.parse(row).name);
    },
    attempt: async (branch, name, pin, till) => {
      const wait = throttle.take(till, clock());
      if (wait > 0) return { kind: 'later', seconds: Math.ceil(wait / 1000) };
      const tried = await takeAttempt(branch, name);
      if (tried === undefined) {
        const { rows } = await pool.query(`select name from users where lower(name) = lower($2) and ${MAY_SELL}`, [
          branch,
          name,
        ]);
        const [locked] = rows.map((row) => nameRow.parse(row).name);
        return locked === undefined ? { kind: 'wrong' } : { kind: 'locked', name: locked };
      }
      const isRight = await inTurn(() => isPassword(pin, tried.pin_hash));
      const token = isRight ? await start(branch, tried) : undefined;
      if (token === undefined) {
        return { kind: 'wrong', name: tried.name, lastTry: tried.pin_failures >= MOST_PIN_FAILURES };
      }
      throttle.forgive(till);
      return { kind: 'in', token, name: tried.name, role: tried.role };
    },
    find: async (token) => {
      if (!TOKEN.test(token)) return undefined;
      const { rows } = await pool.query(
        `select name, role, branch_id, signed_out_at from till_sign_ins join users using (user_id) where token_hash = $1`,
        [hashOf(token)],
      );
      const [row] = rows.map((each) => signInRow.parse(each));
      return row && { ...row, endedAt: row.signed_out_at?.getTime() };
    },
    end: async (token) => {
      await pool.query(
        'update till_sign_ins set signed_out_at = now() where token_hash = $1 and signed_out_at is null',
        [hashOf(token)],
      );
    },
  };
};

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
