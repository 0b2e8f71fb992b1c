import type pg from 'pg';
import { expect } from 'vitest';
import { eventually } from '../../tests/support/eventually.ts';
import { keysOn } from '../../tests/support/kafka/topics.ts';
import type { Publisher } from '../src/relay/publishers/publisher.ts';
import { runRelay } from '../src/relay/relay.ts';
import { type RelayWatch, unwatched } from '../src/relay/watch.ts';

const quiet = { info: () => undefined, warn: () => undefined };

/** Adds events with the keys `prefix` + from … to, in one transaction; the relays are told. */
export const put = async (
  db: pg.Pool,
  prefix: string,
  to: number,
  { from = 1, bytes = 500 }: { from?: number; bytes?: number } = {},
): Promise<void> => {
  await db.query(
    `with put as (insert into outbox (key, payload) select $1 || n, repeat('x', $2) from generate_series($3::int, $4::int) as n
       returning 1)
     select count(*), pg_notify('outbox', '') from put`,
    [prefix, bytes, from, to],
  );
};

/** Events that have not been acknowledged. */
export const waiting = async (db: pg.Pool): Promise<number> =>
  (await db.query('select count(*)::int as n from outbox')).rows[0]?.n;

export const untilEmpty = (db: pg.Pool, timeoutMs = 60_000): Promise<void> =>
  eventually(async () => expect(await waiting(db)).toBe(0), timeoutMs);

/** Runs a relay in this process for each publisher while something happens, then stops them. */
export const relaying = async (
  postgresUrl: string,
  publishers: readonly Publisher[],
  during: () => Promise<void>,
  watch: RelayWatch = unwatched,
): Promise<void> => {
  const stop = new AbortController();
  const running = publishers.map((publisher) => runRelay(postgresUrl, publisher, quiet, stop.signal, watch));
  try {
    await during();
  } finally {
    stop.abort();
    await Promise.all(running);
    await Promise.all(publishers.map((publisher) => publisher.close()));
  }
};

/** Checks that a topic has every key that was put, by prefix and count, and no other; resolves with how many repeats it has. */
export const expectAll = async (brokers: string, topic: string, counts: Record<string, number>): Promise<number> => {
  const expected = Object.entries(counts).flatMap(([prefix, count]) =>
    Array.from({ length: count }, (_, n) => `${prefix}${n + 1}`),
  );
  const keys = await keysOn(brokers, topic);
  expect([...new Set(keys)].sort()).toEqual(expected.sort());
  return keys.length - expected.length;
};
