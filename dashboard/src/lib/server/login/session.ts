import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createShared } from '../shared.ts';
import type { StoredUser } from './stored.ts';
import type { Who } from './who.ts';

/** After this long (ms) everybody logs in again, however busy the session was. */
export const SESSION_MS = 30 * 86_400_000;

/** A session as Postgres keeps it. */
export interface Session {
  startedAt: Date;
  lastUsedAt: Date;
  /** Whose it is, as they are now. */
  who: Who;
}

/** What a session comes to; `away` while nobody can tell. */
export type Judged = { kind: 'in'; who: Who } | { kind: 'out' | 'away' };

/** Where sessions are kept: by the SHA-256 of their token, so that who reads the table can use none. */
export interface SessionStore {
  /** The session, undefined when it or its user was ended or it was started with a password that is no longer the user's. */
  find(tokenHash: Buffer): Promise<Session | undefined>;
  start(tokenHash: Buffer, user: Pick<StoredUser, 'userId' | 'passwordHash'>, at: Date): Promise<void>;
  use(tokenHash: Buffer, at: Date): Promise<void>;
  end(tokenHash: Buffer): Promise<void>;
}

export interface Sessions {
  /** Starts a session that holds as long as the user and the password do; gives the token to show for it. */
  start(user: StoredUser): Promise<string>;
  /** Whose session a token is, if it holds. */
  judge(token: string): Promise<Judged>;
  /** Ends a session: here at once, at other replicas within {@link FRESH_MS}. */
  end(token: string): Promise<void>;
}

/** What another replica ended, a new password or the end of a user counts after this long (ms). */
export const FRESH_MS = 2_000;
/** How exactly it is kept when a session was last used (ms): a write at most this often. */
const USE_MS = 60_000;
const MOST_KNOWN = 1_000;
const TOKEN = /^[\w-]{43}$/;

/**
 * Sessions that end after {@link SESSION_MS}, when nobody used them for `idleMs`, with another password and by logging out.
 * While Postgres is away, those that this process has seen go on.
 */
export const createSessions = (store: SessionStore, idleMs: number, clock: () => number): Sessions => {
  const find = createShared(async (hash) => ({ session: await store.find(Buffer.from(hash, 'hex')) }), {
    freshMs: FRESH_MS,
    rest: 4,
    background: false,
    timeoutMs: 5_000,
  });
  const usedHere = new LRUCache<string, number>({ max: MOST_KNOWN });
  const endedHere = new LRUCache<string, true>({ max: MOST_KNOWN });

  /** Notes a use. What does not reach Postgres still counts here. */
  const use = (hash: string, lastUsed: number): void => {
    const now = clock();
    if (now - lastUsed < Math.min(USE_MS, idleMs / 4)) return;
    usedHere.set(hash, now);
    store.use(Buffer.from(hash, 'hex'), new Date(now)).catch(() => undefined);
  };

  return {
    start: async (user) => {
      const token = randomBytes(32).toString('base64url');
      await store.start(Buffer.from(hashOf(token), 'hex'), user, new Date(clock()));
      return token;
    },
    judge: async (token) => {
      if (!TOKEN.test(token)) return { kind: 'out' };
      const hash = hashOf(token);
      if (endedHere.has(hash)) return { kind: 'out' };
      const known = (await find(hash)).value;
      if (known === undefined) return { kind: 'away' };
      if (known.session === undefined || endedHere.has(hash)) return { kind: 'out' };
      const lastUsed = Math.max(known.session.lastUsedAt.getTime(), usedHere.get(hash) ?? 0);
      if (clock() - known.session.startedAt.getTime() >= SESSION_MS || clock() - lastUsed >= idleMs)
        return { kind: 'out' };
      use(hash, lastUsed);
      return { kind: 'in', who: known.session.who };
    },
    end: async (token) => {
      if (!TOKEN.test(token)) return;
      const hash = hashOf(token);
      await store.end(Buffer.from(hash, 'hex'));
      endedHere.set(hash, true);
    },
  };
};

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
