import { scryptSync } from 'node:crypto';
import { hashKey } from '@tillstream/schemas/credentials/api-keys';
import { expect, it } from 'vitest';
import { createLogin } from './login.ts';
import type { Session, SessionStore } from './session.ts';
import type { Stored, StoredKey, StoredUser } from './stored.ts';

const PASSWORD = 'an owner knows it';
const keyOf = (id: string) => `ts_${id.padEnd(12, '0')}_${id.padEnd(43, 'k')}`;
const NOW = 1_800_000_000_000;
const storedKey = (id: string, scopes: string[], more: Partial<StoredKey> = {}): [string, StoredKey] => {
  const key_id = id.padEnd(12, '0');
  return [key_id, { key_id, secret_hash: hashKey(keyOf(id)), branch_id: null, scopes, expires_at: null, ...more }];
};

/** As `hashPassword` stores it, at a cost that a test can pay often. */
const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
const salt = Buffer.alloc(16, 1);
const hash = `$scrypt$ln=4,r=8,p=1$${text(salt)}$${text(scryptSync(PASSWORD, salt, 32, { N: 16, r: 8, p: 1 }))}`;

const USER: StoredUser = { userId: 1, name: 'Ada', role: 'owner', passwordHash: hash };
const WHO = { name: 'Ada', role: 'owner', branches: undefined } as const;

/** Sessions that are kept in this process. */
const memory = (): SessionStore => {
  const rows = new Map<string, Session>();
  return {
    find: async (hash) => rows.get(hash.toString('hex')),
    start: async (hash, _, at) => void rows.set(hash.toString('hex'), { startedAt: at, lastUsedAt: at, who: WHO }),
    use: async () => undefined,
    end: async (hash) => void rows.delete(hash.toString('hex')),
  };
};
const away = () => Promise.reject(new Error('away'));
const AWAY: SessionStore = { find: away, start: away, use: away, end: away };

const make = (read: () => Promise<Stored>, sessions = memory()) => {
  const clock = { now: NOW };
  return {
    clock,
    login: createLogin({
      read,
      findUser: async (name) => (name === 'Ada' ? USER : undefined),
      sessions,
      idleMs: 3_600_000,
      clock: () => clock.now,
    }),
  };
};
const stored = (): Stored => ({
  hasPassword: true,
  keys: new Map([
    storedKey('a', ['read']),
    storedKey('b', ['post']),
    storedKey('c', ['post', 'read'], { branch_id: 'SMKT001' }),
    storedKey('e', ['read'], { expires_at: new Date(NOW + 1_000) }),
  ]),
});

it('the password opens a session; another one does not', async () => {
  const { login } = make(async () => stored());
  expect(await login.attempt('Ada', 'an owner knew it', 'here')).toEqual({ kind: 'wrong', name: 'Ada' });
  expect(await login.attempt('Eve', PASSWORD, 'here')).toEqual({ kind: 'wrong', name: undefined });
  const tried = await login.attempt('Ada', PASSWORD, 'here');
  if (tried.kind !== 'in') throw new Error(tried.kind);
  expect(await login.judge({ session: tried.session })).toEqual({ kind: 'in', who: WHO });
  expect(await login.judge({ session: `${tried.session}x` })).toMatchObject({ kind: 'out' });
  expect(await login.judge({})).toMatchObject({ kind: 'out' });
  await login.logOut(tried.session);
  expect(await login.judge({ session: tried.session })).toMatchObject({ kind: 'out' });
});

it('attempts are slowed down, the right password too', async () => {
  const { login, clock } = make(async () => stored());
  for (let n = 0; n < 5; n++) expect((await login.attempt('Ada', 'wrong', 'here')).kind).toBe('wrong');
  expect(await login.attempt('Ada', PASSWORD, 'here')).toEqual({ kind: 'later', seconds: 30 });
  expect((await login.attempt('Ada', PASSWORD, 'there')).kind).toBe('in');
  clock.now += 30_000;
  expect((await login.attempt('Ada', PASSWORD, 'here')).kind).toBe('in');
});

it('keys: read, of no branch and not expired, or not at all', async () => {
  const { login, clock } = make(async () => stored());
  expect(await login.judge({ key: keyOf('a') })).toMatchObject({ kind: 'in' });
  expect(await login.judge({ key: keyOf('b') })).toMatchObject({ kind: 'forbidden' });
  expect(await login.judge({ key: keyOf('c') })).toMatchObject({ kind: 'forbidden' });
  expect(await login.judge({ key: keyOf('d') })).toMatchObject({ kind: 'out' });
  expect(await login.judge({ key: `${keyOf('a').slice(0, -1)}x` })).toMatchObject({ kind: 'out' });
  expect(await login.judge({ key: 'nonsense' })).toMatchObject({ kind: 'out' });
  expect(await login.judge({ key: keyOf('e') })).toMatchObject({ kind: 'in' });
  clock.now += 1_000;
  expect(await login.judge({ key: keyOf('e') })).toMatchObject({ kind: 'out' });
});

it('without a password nobody gets in, and it says so', async () => {
  const { login } = make(async () => ({ hasPassword: false, keys: new Map() }));
  expect(await login.hasPassword()).toBe(false);
  expect(await login.attempt('Ada', '', 'here')).toEqual({ kind: 'no-password' });
  expect(await login.judge({ session: 'A'.repeat(43) })).toMatchObject({ kind: 'out' });
});

it('while Postgres was never there nobody gets in', async () => {
  const { login } = make(away, AWAY);
  expect(await login.hasPassword()).toBeUndefined();
  expect(await login.attempt('Ada', PASSWORD, 'here')).toEqual({ kind: 'away' });
  expect(await login.judge({ session: 'A'.repeat(43) })).toMatchObject({ kind: 'away' });
  expect(await login.judge({})).toMatchObject({ kind: 'out' });
});
