import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { kafkaPart, postgresPart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes';
import { StateFolder } from '@tillstream/embedded/state';
import { Supervisor } from '@tillstream/embedded/supervise';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { freePort, freePortPair } from '../../../tests/support/ports.ts';
import { alterTopic, deleteTopic, keysOn, makeTopic } from '../../../tests/support/topics.ts';
import { listDeadLetters, retryDeadLetters } from './dead-letters.ts';
import { kafkajsPublisher } from './kafkajs-publisher.ts';
import { runRelay } from './relay.ts';

const quiet = { info: () => undefined, warn: () => undefined };

/** A broker and a Postgres that may be killed and frozen; the supervisor starts again what was killed. */
describe.skipIf(inject('kafkaBrokers') === undefined)('with a broker and a Postgres of its own', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-relay-'));
  const state = new StateFolder(folder);
  const supervisor = new Supervisor(new ProcessList(folder), state.logs, () => undefined);
  let brokers: string;
  let database: TestDatabase;

  beforeAll(async () => {
    const [kafkaPort, postgresPort] = [await freePortPair(), await freePort()];
    brokers = `127.0.0.1:${kafkaPort}`;
    const url = `postgres://tillstream:local-only@127.0.0.1:${postgresPort}/tillstream`;
    await Promise.all([
      supervisor.start(await kafkaPart(state.inside('kafka'), kafkaPort)),
      supervisor.start(await postgresPart(state.inside('postgres'), postgresPort, url)),
    ]);
    database = await makeDatabase(url);
  });
  afterAll(async () => {
    await database?.pool.end();
    supervisor.beginStopping();
    await supervisor.stop(['kafka', 'postgres'], 5_000);
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await database.pool.query('truncate outbox, dead_letters');
  });

  const signal = (name: string, what: NodeJS.Signals) => {
    const list = JSON.parse(readFileSync(`${folder}/processes.json`, 'utf8')) as { name: string; pid: number }[];
    const pid = list.find((entry) => entry.name === name)?.pid;
    if (pid === undefined) throw new Error(`${name} is not running`);
    process.kill(pid, what);
  };
  const put = async (prefix: string, count: number, bytes = 500) => {
    await database.pool.query(
      `insert into outbox (key, payload) select $1 || n, repeat('x', $2) from generate_series(1, $3) as n`,
      [prefix, bytes, count],
    );
    await database.pool.query("select pg_notify('outbox', '')");
  };
  const waiting = async (): Promise<number> =>
    (await database.pool.query('select count(*)::int as n from outbox')).rows[0]?.n;
  const untilEmpty = () => eventually(async () => expect(await waiting()).toBe(0), 40_000);
  const relaying = async (topic: string, during: () => Promise<void>, relays = 1) => {
    const stop = new AbortController();
    const publishers = Array.from({ length: relays }, () => kafkajsPublisher(brokers, topic));
    const running = publishers.map((publisher) => runRelay(database.url, publisher, quiet, stop.signal));
    try {
      await during();
    } finally {
      stop.abort();
      await Promise.all(running);
      await Promise.all(publishers.map((publisher) => publisher.close()));
    }
  };
  /** Every key at least once, and none that was never put. */
  const expectAll = async (topic: string, prefixes: Record<string, number>) => {
    const expected = Object.entries(prefixes).flatMap(([prefix, count]) =>
      Array.from({ length: count }, (_, n) => `${prefix}${n + 1}`),
    );
    expect([...new Set(await keysOn(brokers, topic))].sort()).toEqual(expected.sort());
  };

  test('a message that the broker will never take is set aside with the reason; the rest of its batch goes through', async () => {
    await makeTopic(brokers, 'small', 4, { 'max.message.bytes': '20000' });
    await put('before-', 300);
    await put('too-large-', 3, 30_000);
    await put('after-', 300);
    await relaying('small', untilEmpty);
    await expectAll('small', { 'before-': 300, 'after-': 300 });
    const letters = await listDeadLetters(database.pool, 10);
    expect(letters.map(({ key }) => key).sort()).toEqual(['too-large-1', 'too-large-2', 'too-large-3']);
    expect(letters[0]).toMatchObject({ bytes: 30_000, reason: expect.stringContaining('MESSAGE_TOO_LARGE') });

    await alterTopic(brokers, 'small', { 'max.message.bytes': '100000' });
    await relaying('small', async () => {
      expect(await retryDeadLetters(database.pool, [letters[0]?.id ?? ''])).toBe(1);
      await untilEmpty();
      expect(await retryDeadLetters(database.pool, 'all')).toBe(2);
      await untilEmpty();
    });
    expect(await listDeadLetters(database.pool, 10)).toEqual([]);
    await expectAll('small', { 'before-': 300, 'after-': 300, 'too-large-': 3 });
  }, 60_000);

  test('a record that the topic does not accept is set aside as well', async () => {
    await makeTopic(brokers, 'no-past', 1, { 'message.timestamp.before.max.ms': '60000' });
    const now = Date.now;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    try {
      await put('k', 2);
      await relaying('no-past', untilEmpty);
    } finally {
      clock.mockRestore();
    }
    expect((await listDeadLetters(database.pool, 10)).map(({ reason }) => reason.split(':')[0])).toEqual([
      'INVALID_TIMESTAMP',
      'INVALID_TIMESTAMP',
    ]);
  }, 60_000);

  test('a topic that is gone is waited for, and may come back with fewer partitions', async () => {
    await makeTopic(brokers, 'gone', 8);
    await relaying('gone', async () => {
      await put('first-', 50);
      await untilEmpty();
      await deleteTopic(brokers, 'gone');
      await put('later-', 3_000);
      await delay(1_500);
      expect(await waiting()).toBe(3_000);
      await makeTopic(brokers, 'gone', 2);
      await untilEmpty();
    });
    await expectAll('gone', { 'later-': 3_000 });
    expect(await listDeadLetters(database.pool, 1)).toEqual([]);
  }, 60_000);

  test('a broker that is frozen, then killed, loses nothing and is found again', async () => {
    await makeTopic(brokers, 'killed', 8);
    await relaying(
      'killed',
      async () => {
        await put('before-', 100);
        await untilEmpty();
        signal('kafka', 'SIGSTOP');
        await put('frozen-', 5_000);
        await delay(1_000);
        expect(await waiting()).toBe(5_000);
        signal('kafka', 'SIGCONT');
        await untilEmpty();
        signal('kafka', 'SIGKILL');
        await put('killed-', 5_000);
        await untilEmpty();
      },
      2,
    );
    await expectAll('killed', { 'before-': 100, 'frozen-': 5_000, 'killed-': 5_000 });
  }, 90_000);

  test('relays that stop at any moment and others that begin move each row at least once', async () => {
    await makeTopic(brokers, 'changing', 8);
    await put('k', 30_000, 200);
    while ((await waiting()) > 0) await relaying('changing', () => delay(Math.random() * 500), 2);
    await expectAll('changing', { k: 30_000 });
  }, 90_000);

  test('a Postgres that was killed is connected to again', async () => {
    await makeTopic(brokers, 'postgres', 8);
    await relaying('postgres', async () => {
      await put('before-', 2_000);
      await untilEmpty();
      signal('postgres', 'SIGKILL');
      await eventually(() => put('after-', 2_000), 30_000);
      await untilEmpty();
    });
    await expectAll('postgres', { 'before-': 2_000, 'after-': 2_000 });
  }, 90_000);
});
