import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { relaying as relayingFrom, untilEmpty as untilEmptyIn, waiting as waitingIn } from '../../test/outbox.ts';
import { startSilentProxy } from '../../test/silent-proxy.ts';
import { relayMetrics } from './metrics.ts';
import type { OutboxEvent, Publisher } from './publishers/publisher.ts';
import { Waker } from './waker.ts';
import { unwatched } from './watch.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
});
afterAll(() => database.pool.end());
beforeEach(async () => {
  await database.pool.query('truncate outbox, dead_letters');
});

const put = (count: number, bytes = 10, prefix = 'k') =>
  database.pool.query(
    `insert into outbox (key, payload) select $1 || n, repeat('x', $2) from generate_series(1, $3) as n`,
    [prefix, bytes, count],
  );
const notify = () => database.pool.query("select pg_notify('outbox', '')");
const waiting = () => waitingIn(database.pool);
const untilEmpty = () => untilEmptyIn(database.pool);
const relaying = (publishers: Publisher[], during: () => Promise<void>, watch = unwatched) =>
  relayingFrom(database.url, publishers, during, watch);

/** Remembers what it was given; `onPublish` may hold it up or fail. */
const recording = (onPublish: (events: readonly OutboxEvent[]) => Promise<void> = async () => undefined) => {
  const sends: string[][] = [];
  const publisher: Publisher = {
    publish: async (events) => {
      await onPublish(events);
      sends.push(events.map(({ key }) => key));
    },
    close: async () => undefined,
  };
  return { publisher, sends };
};

test('several relays share a backlog; each row goes once while nothing fails', async () => {
  await put(20_000);
  const relays = [recording(), recording(), recording()];
  await relaying(
    relays.map(({ publisher }) => publisher),
    untilEmpty,
  );
  const keys = relays.flatMap(({ sends }) => sends.flat());
  expect(keys).toHaveLength(20_000);
  expect(new Set(keys).size).toBe(20_000);
});

test('a relay that hangs with rows in hand holds up no other, and what it held is not lost', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const hanging = recording(() => held);
  const working = recording();
  await put(100, 10, 'first-');
  await relaying([hanging.publisher], async () => {
    await eventually(async () => {
      const { rows } = await database.pool.query('select from outbox for update skip locked');
      expect(rows).toHaveLength(0);
    });
    await put(100, 10, 'then-');
    await relaying([working.publisher], async () => {
      await eventually(async () => expect(working.sends.flat()).toHaveLength(100));
    });
    expect(working.sends.flat().every((key) => key.startsWith('then-'))).toBe(true);
    expect(await waiting()).toBe(100);
    release();
    await untilEmpty();
  });
  expect(hanging.sends.flat()).toHaveLength(100);
});

test('a Postgres that falls silent holds the relay up for seconds, it says that it is not ready, and nothing is lost', async () => {
  const at = new URL(database.url);
  const proxy = await startSilentProxy(Number(at.port));
  at.port = String(proxy.port);
  const { publisher, sends } = recording();
  const connections = async () =>
    (
      await database.pool.query(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'relay'`,
      )
    ).rows[0]?.n;
  const { watch, state } = relayMetrics(() => Promise.reject(new Error('not asked')));
  try {
    await relayingFrom(
      at.href,
      [publisher],
      async () => {
        await put(1, 10, 'before-');
        await eventually(async () => expect(state().connected).toBe(true));
        // Until it has opened all its connections: one that it opened in silence would fail by itself.
        await eventually(async () => expect(await connections()).toBeGreaterThanOrEqual(3));
        proxy.silence();
        await put(1, 10, 'silent-');
        await eventually(async () => expect(state().connected).toBe(false), 9_000);
        proxy.restore();
        await eventually(async () => expect(sends.flat()).toContain('silent-1'), 9_000);
        await untilEmpty();
        expect(state()).toEqual({ connected: true, sending: true });
      },
      watch,
    );
  } finally {
    proxy.close();
  }
}, 40_000);

test('a row is deleted after the acknowledgement, not before', async () => {
  const seen: number[] = [];
  const { publisher } = recording(async () => {
    seen.push(await waiting());
  });
  await put(3);
  await relaying([publisher], untilEmpty);
  expect(seen).toEqual([3]);
});

test('what failed goes back at once and is sent again until it is acknowledged', async () => {
  let failures = 3;
  const { publisher, sends } = recording(async () => {
    if (failures-- > 0) throw new Error('not now');
  });
  await put(9_000);
  let failed = 0;
  await relaying([publisher], untilEmpty, { ...unwatched, failed: () => void failed++ });
  expect(failed).toBe(3);
  expect(new Set(sends.flat()).size).toBe(9_000);
});

test('a notification wakes it; without one the poll finds the row', async () => {
  const { publisher, sends } = recording();
  await relaying([publisher], async () => {
    await put(1, 10, 'before-');
    await eventually(async () => expect(sends).toHaveLength(1));
    await put(1, 10, 'unheard-');
    await eventually(async () => expect(sends).toHaveLength(2));
    // From now on nothing but a notification ends a sleep.
    const sleep = Waker.prototype.sleep;
    const sleeping = vi.spyOn(Waker.prototype, 'sleep').mockImplementation(function (this: Waker) {
      return sleep.call(this, 2 ** 30);
    });
    try {
      for (let n = 1; n <= 20; n++) {
        await put(1, 10, `woken-${n}-`);
        await notify();
        await eventually(async () => expect(sends).toHaveLength(2 + n));
      }
    } finally {
      sleeping.mockRestore();
    }
  });
});

test('one row goes alone, a backlog in sends bounded by rows and by bytes', async () => {
  const small = recording();
  await put(10_000);
  await relaying([small.publisher], untilEmpty);
  expect(small.sends.map((keys) => keys.length)).toEqual([4_000, 4_000, 2_000]);

  const large = recording();
  await put(10, 1_500_000);
  await relaying([large.publisher], untilEmpty);
  expect(large.sends.map((keys) => keys.length)).toEqual([3, 3, 3, 1]);
});

test('a row committed late under a lower number is found, and so is a large transaction below what was sent', async () => {
  const { publisher, sends } = recording();
  const late = await database.pool.connect();
  await late.query('begin');
  await late.query("insert into outbox (key, payload) select 'late', '{}' from generate_series(1, 9000)");
  await relaying([publisher], async () => {
    await put(9_000);
    await eventually(async () => expect(sends.flat().filter((key) => key !== 'late')).toHaveLength(9_000));
    await late.query('commit');
    late.release();
    await untilEmpty();
  });
  expect(sends.flat()).toHaveLength(18_000);
});

test('a connection that Postgres ends is opened again', async () => {
  const { publisher, sends } = recording();
  await relaying([publisher], async () => {
    for (let n = 1; n <= 3; n++) {
      await put(1, 10, `round-${n}-`);
      await eventually(async () => expect(sends.flat()).toContain(`round-${n}-1`));
      await eventually(async () => {
        const { rowCount } = await database.pool.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay' and datname = current_database()",
        );
        expect(rowCount).toBeGreaterThan(0);
      });
    }
    await put(1, 10, 'after-');
    await untilEmpty();
  });
});

test('a stop lets what is in hand finish', async () => {
  const { publisher, sends } = recording(async () => {
    await delay(300);
  });
  await put(4_500);
  await relaying([publisher], async () => {
    await eventually(async () => {
      const { rows } = await database.pool.query('select from outbox limit 1 for update skip locked');
      expect(rows).toHaveLength(0);
    });
  });
  const sent = sends.flat().length;
  expect(sent).toBeGreaterThan(0);
  expect(await waiting()).toBe(4_500 - sent);
});
