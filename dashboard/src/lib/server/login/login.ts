import { timingSafeEqual } from 'node:crypto';
import { hashKey, isExpired, keyIdOf } from '@tillstream/schemas/credentials/api-keys';
import { isPassword } from '@tillstream/schemas/credentials/password';
import pLimit from 'p-limit';
import { createShared } from '../shared.ts';
import { createSessions, FRESH_MS, type SessionStore } from './session.ts';
import type { Stored } from './stored.ts';
import { type Paces, Throttle } from './throttle.ts';

/** What somebody shows to be let in. */
export interface Credentials {
  /** The token in the session cookie. */
  session?: string | undefined;
  /** An API key; opens the read API alone. */
  key?: string | undefined;
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
  /** Ends a session on the server. @throws while Postgres is away: the session goes on then. */
  logOut(session: string): Promise<void>;
  /** Whether a password is set; undefined while nobody can tell. */
  hasPassword(): Promise<boolean | undefined>;
}

/** Each attempt takes 32 MB and a thread for a while: more at once would only wait for each other. */
const TRIED_AT_ONCE = 2;

const PACES: Paces = {
  each: { atOnce: 5, everyMs: 30_000 },
  unshared: { atOnce: 5, everyMs: 4 * 3_600_000 },
  all: { atOnce: 30, everyMs: 2_000 },
};

export interface LoginOptions {
  /** What is known about who may look. */
  read: () => Promise<Stored>;
  sessions: SessionStore;
  /** A session that nobody used for this long is over (ms). */
  idleMs: number;
  clock?: () => number;
}

/**
 * The login over what {@link Stored} says. While Postgres is away what was known last goes on, so that the pages stay; who
 * was never known is let in nowhere.
 */
export const createLogin = ({ read, sessions: store, idleMs, clock = Date.now }: LoginOptions): Login => {
  const throttle = new Throttle(PACES);
  const inTurn = pLimit(TRIED_AT_ONCE);
  const sessions = createSessions(store, idleMs, clock);
  const shared = createShared(read, { freshMs: FRESH_MS, rest: 4, background: false, timeoutMs: 5_000 });
  const stored = async () => (await shared('')).value;

  const judgeKey = ({ keys }: Stored, key: string, now: number): Verdict => {
    const known = keys.get(keyIdOf(key) ?? '');
    if (known === undefined || isExpired(known, now)) return 'out';
    if (!timingSafeEqual(known.secret_hash, hashKey(key))) return 'out';
    // Figures are of the whole chain: a key of one branch would see the others too.
    return known.scopes.includes('read') && known.branch_id === null ? 'in' : 'forbidden';
  };

  return {
    judge: async ({ session, key }) => {
      const judged = session === undefined ? 'out' : await sessions.judge(session);
      if (judged === 'in' || key === undefined) return judged;
      const known = await stored();
      return known === undefined ? 'away' : judgeKey(known, key, clock());
    },
    attempt: async (password, address) => {
      const known = await stored();
      if (known === undefined) return { kind: 'away' };
      if (known.passwordHash === undefined) return { kind: 'no-password' };
      const wait = throttle.take(address, clock());
      if (wait > 0) return { kind: 'later', seconds: Math.ceil(wait / 1000) };
      const { passwordHash } = known;
      if (!(await inTurn(() => isPassword(password, passwordHash)))) return { kind: 'wrong' };
      throttle.forgive(address);
      try {
        return { kind: 'in', session: await sessions.start(passwordHash) };
      } catch {
        return { kind: 'away' };
      }
    },
    logOut: sessions.end,
    hasPassword: async () => {
      const known = await stored();
      return known && known.passwordHash !== undefined;
    },
  };
};
