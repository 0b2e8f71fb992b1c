import { timingSafeEqual } from 'node:crypto';
import { hashKey, isExpired, keyIdOf } from '@tillstream/schemas/credentials/api-keys';
import { isPassword } from '@tillstream/schemas/credentials/password';
import pLimit from 'p-limit';
import { createShared } from '../shared.ts';
import { createSessions, FRESH_MS, type Judged, type SessionStore } from './session.ts';
import type { Stored, StoredUser } from './stored.ts';
import { type Paces, Throttle } from './throttle.ts';

/** What somebody shows to be let in. */
export interface Credentials {
  /** The token in the session cookie. */
  session?: string | undefined;
  /** An API key; opens the read API alone. */
  key?: string | undefined;
}

/** Who somebody is, or why nobody is known. */
export type Verdict = Judged | { kind: 'forbidden' };

/** What came of trying a password; `name` is the user's whose it is, undefined where there is no such user. */
export type Attempt =
  | { kind: 'in'; session: string; user: StoredUser }
  | { kind: 'wrong'; name: string | undefined }
  | { kind: 'no-password' | 'away' }
  | { kind: 'later'; seconds: number };

/** Who logs in and who is logged in. What they may reach is for access.ts to say. */
export interface Login {
  judge(credentials: Credentials): Promise<Verdict>;
  /** Tries a user's password, `address` being whose attempts are counted together. */
  attempt(name: string, password: string, address: string): Promise<Attempt>;
  /** Ends a session on the server. @throws while Postgres is away: the session goes on then. */
  logOut(session: string): Promise<void>;
  /** Whether a password is set; undefined while nobody can tell. */
  hasPassword(): Promise<boolean | undefined>;
}

/** Each attempt takes 32 MB and a thread for a while: more at once would only wait for each other. */
const TRIED_AT_ONCE = 2;

/** At the cost of a stored one; no password has it. */
const NOBODYS = `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`;

const PACES: Paces = {
  each: { atOnce: 5, everyMs: 30_000 },
  unshared: { atOnce: 5, everyMs: 4 * 3_600_000 },
  all: { atOnce: 30, everyMs: 2_000 },
};

export interface LoginOptions {
  /** What is known about who may look. */
  read: () => Promise<Stored>;
  /** The user of a name, who may have ended a moment ago. */
  findUser: (name: string) => Promise<StoredUser | undefined>;
  sessions: SessionStore;
  /** A session that nobody used for this long is over (ms). */
  idleMs: number;
  clock?: () => number;
}

/**
 * The login over what {@link Stored} says. While Postgres is away what was known last goes on, so that the pages stay; who
 * was never known is let in nowhere.
 */
export const createLogin = ({ read, findUser, sessions: store, idleMs, clock = Date.now }: LoginOptions): Login => {
  const throttle = new Throttle(PACES);
  const inTurn = pLimit(TRIED_AT_ONCE);
  const sessions = createSessions(store, idleMs, clock);
  const shared = createShared(read, { freshMs: FRESH_MS, rest: 4, background: false, timeoutMs: 5_000 });
  const stored = async () => (await shared('')).value;

  const judgeKey = ({ keys }: Stored, key: string, now: number): Verdict => {
    const known = keys.get(keyIdOf(key) ?? '');
    if (known === undefined || isExpired(known, now)) return { kind: 'out' };
    if (!timingSafeEqual(known.secret_hash, hashKey(key))) return { kind: 'out' };
    // Figures are of the whole chain: a key of one branch would see the others too.
    if (!known.scopes.includes('read') || known.branch_id !== null) return { kind: 'forbidden' };
    return { kind: 'in', who: { name: known.key_id, role: 'program', branches: undefined } };
  };

  return {
    judge: async ({ session, key }) => {
      const judged: Judged = session === undefined ? { kind: 'out' } : await sessions.judge(session);
      if (judged.kind === 'in' || key === undefined) return judged;
      const known = await stored();
      return known === undefined ? { kind: 'away' } : judgeKey(known, key, clock());
    },
    attempt: async (name, password, address) => {
      const known = await stored();
      if (known === undefined) return { kind: 'away' };
      if (!known.hasPassword) return { kind: 'no-password' };
      const wait = throttle.take(address, clock());
      if (wait > 0) return { kind: 'later', seconds: Math.ceil(wait / 1000) };
      try {
        const user = await findUser(name);
        // Of a name that nobody has a password is computed, too: how long it takes tells nothing.
        const isRight = await inTurn(() => isPassword(password, user?.passwordHash ?? NOBODYS));
        if (user === undefined || !isRight) return { kind: 'wrong', name: user?.name };
        throttle.forgive(address);
        return { kind: 'in', session: await sessions.start(user), user };
      } catch {
        return { kind: 'away' };
      }
    },
    logOut: sessions.end,
    hasPassword: async () => {
      const known = await stored();
      return known?.hasPassword;
    },
  };
};
