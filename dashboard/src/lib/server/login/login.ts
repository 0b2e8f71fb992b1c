import { timingSafeEqual } from 'node:crypto';
import { hashKey, keyIdOf } from '@tillstream/schemas/api-keys';
import { isPassword } from '@tillstream/schemas/password';
import { createShared } from '../shared.ts';
import { isSession, newSession } from './session.ts';
import type { Stored } from './stored.ts';
import { Throttle } from './throttle.ts';

/** What somebody shows to be let in. */
export interface Credentials {
  /** The session cookie. */
  session?: string;
  /** An API key; opens the read API alone. */
  key?: string;
}

export type Verdict = 'in' | 'out' | 'forbidden' | 'away';

/** What came of trying a password. */
export type Attempt =
  | { kind: 'in'; session: string }
  | { kind: 'wrong' | 'no-password' | 'away' }
  | { kind: 'later'; seconds: number };

/** Who may look at the figures. */
export interface Login {
  judge(credentials: Credentials): Promise<Verdict>;
  /** Tries a password, `address` being whose attempts are counted together. */
  attempt(password: string, address: string): Promise<Attempt>;
  /** Whether a password is set; undefined while nobody can tell. */
  hasPassword(): Promise<boolean | undefined>;
}

/** A new password, or a revoked key, counts after this long (ms). */
const FRESH_MS = 2_000;

/**
 * The login over what {@link Stored} says. While Postgres is away what was known last goes on, so that the pages stay; who
 * was never known is let in nowhere.
 */
export const createLogin = (secret: string, read: () => Promise<Stored>, clock: () => number = Date.now): Login => {
  const throttle = new Throttle({ atOnce: 5, everyMs: 30_000 }, { atOnce: 30, everyMs: 2_000 });
  const shared = createShared(read, async () => '', {
    freshMs: FRESH_MS,
    sameMarkMs: 0,
    rest: 4,
    background: false,
    timeoutMs: 5_000,
  });
  const stored = async () => (await shared('')).value;

  const judgeKey = ({ keys }: Stored, key: string): Verdict => {
    const known = keys.get(keyIdOf(key) ?? '');
    if (known === undefined || !timingSafeEqual(known.secret_hash, hashKey(key))) return 'out';
    // Figures are of the whole chain: a key of one branch would see the others too.
    return known.scopes.includes('read') && known.branch_id === null ? 'in' : 'forbidden';
  };

  return {
    judge: async ({ session, key }) => {
      if (session === undefined && key === undefined) return 'out';
      const known = await stored();
      if (known === undefined) return 'away';
      if (session !== undefined && known.passwordHash !== undefined) {
        if (isSession(secret, known.passwordHash, session, clock())) return 'in';
      }
      return key === undefined ? 'out' : judgeKey(known, key);
    },
    attempt: async (password, address) => {
      const known = await stored();
      if (known === undefined) return { kind: 'away' };
      if (known.passwordHash === undefined) return { kind: 'no-password' };
      const wait = throttle.take(address, clock());
      if (wait > 0) return { kind: 'later', seconds: Math.ceil(wait / 1000) };
      if (!(await isPassword(password, known.passwordHash))) return { kind: 'wrong' };
      throttle.forgive(address);
      return { kind: 'in', session: newSession(secret, known.passwordHash, clock()) };
    },
    hasPassword: async () => {
      const known = await stored();
      return known && known.passwordHash !== undefined;
    },
  };
};
