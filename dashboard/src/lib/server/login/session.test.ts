import { expect, it } from 'vitest';
import { createSessions, SESSION_MS, type Session, type SessionStore } from './session.ts';

const HOUR = 3_600_000;
const IDLE = 12 * HOUR;

const USER = { userId: 1, name: 'Ada', role: 'manager', passwordHash: 'hash' } as const;
const WHO = { name: 'Ada', role: 'manager', branches: ['SMKT001'] } as const;

const make = () => {
  const clock = { now: 1_800_000_000_000 };
  const rows = new Map<string, Session & { passwordHash: string }>();
  const state = { away: false, passwordHash: 'hash' };
  const reach = () => {
    if (state.away) throw new Error('away');
  };
  const store: SessionStore = {
    find: async (hash) => {
      reach();
      const row = rows.get(hash.toString('hex'));
      return row?.passwordHash === state.passwordHash ? row : undefined;
    },
    start: async (hash, { passwordHash }, at) => {
      reach();
      rows.set(hash.toString('hex'), { passwordHash, startedAt: at, lastUsedAt: at, who: WHO });
    },
    use: async (hash, at) => {
      reach();
      const row = rows.get(hash.toString('hex'));
      if (row) row.lastUsedAt = at;
    },
    end: async (hash) => {
      reach();
      rows.delete(hash.toString('hex'));
    },
  };
  // Each replica has a memory of its own.
  const replica = () => createSessions(store, IDLE, () => clock.now);
  return { clock, rows, state, replica };
};

it('holds at every replica at once, and for its own token alone', async () => {
  const { replica, rows } = make();
  const [one, other] = [replica(), replica()];
  const token = await one.start(USER);
  expect(await one.judge(token)).toEqual({ kind: 'in', who: WHO });
  expect(await other.judge(token)).toEqual({ kind: 'in', who: WHO });
  for (const text of ['', '.', `${token}x`, `${token.slice(1)}A`, 'A'.repeat(43)])
    expect(await one.judge(text)).toEqual({ kind: 'out' });
  // Who reads the table can show no token of it.
  expect(JSON.stringify([...rows])).not.toContain(token);
});

it('ends on the server by logging out, whoever has a copy of the cookie', async () => {
  const { replica } = make();
  const [one, other] = [replica(), replica()];
  const token = await one.start(USER);
  expect(await one.judge(token)).toEqual({ kind: 'in', who: WHO });
  await one.end(token);
  expect(await one.judge(token)).toEqual({ kind: 'out' });
  expect(await other.judge(token)).toEqual({ kind: 'out' });
});

it('is over when nobody used it for so long, and goes on while somebody does', async () => {
  const { replica, clock } = make();
  const token = await replica().start(USER);
  const busy = replica();
  for (let n = 0; n < 4; n++) {
    expect(await busy.judge(token)).toEqual({ kind: 'in', who: WHO });
    clock.now += IDLE - 1;
  }
  // What one replica noted counts at another.
  expect(await replica().judge(token)).toEqual({ kind: 'in', who: WHO });
  clock.now += IDLE;
  expect(await replica().judge(token)).toEqual({ kind: 'out' });
  expect(await busy.judge(token)).toEqual({ kind: 'out' });
});

it('is over after its time, however busy it was', async () => {
  const { replica, clock } = make();
  const sessions = replica();
  const end = clock.now + SESSION_MS;
  const token = await sessions.start(USER);
  for (; clock.now < end; clock.now += 6 * HOUR) expect(await sessions.judge(token)).toEqual({ kind: 'in', who: WHO });
  expect(await sessions.judge(token)).toEqual({ kind: 'out' });
});

it('does not outlive its password', async () => {
  const { replica, state } = make();
  const token = await replica().start(USER);
  state.passwordHash = 'another hash';
  expect(await replica().judge(token)).toEqual({ kind: 'out' });
});

it('while Postgres is away goes on where it was seen, and nobody logs out by halves', async () => {
  const { replica, state } = make();
  const seen = replica();
  const token = await seen.start(USER);
  expect(await seen.judge(token)).toEqual({ kind: 'in', who: WHO });
  state.away = true;
  expect(await seen.judge(token)).toEqual({ kind: 'in', who: WHO });
  expect(await replica().judge(token)).toEqual({ kind: 'away' });
  await expect(seen.end(token)).rejects.toThrow();
  expect(await seen.judge(token)).toEqual({ kind: 'in', who: WHO });
});
