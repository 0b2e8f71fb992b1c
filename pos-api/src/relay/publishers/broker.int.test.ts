import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { kafkaPart, postgresPart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes/processes';
import { Supervisor } from '@tillstream/embedded/processes/supervise';
import { StateFolder } from '@tillstream/embedded/state';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../../tests/support/database.ts';
import { eventually } from '../../../../tests/support/eventually.ts';
import { alterTopic, deleteTopic, makeTopic } from '../../../../tests/support/kafka/topics.ts';
import { freePort, freePortPair } from '../../../../tests/support/ports.ts';
import { expectAll, put, relaying, untilEmpty, waiting } from '../../../test/outbox.ts';
import { listDeadLetters, retryDeadLetters } from '../outbox/dead-letters.ts';
import { unwatched } from '../watch.ts';
import { kafkajsPublisher } from './kafkajs-publisher.ts';

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
  const relayingTo = (topic: string, during: () => Promise<void>, { relays = 1, watch = unwatched } = {}) =>
    relaying(
      database.url,
      Array.from({ length: relays }, () => kafkajsPublisher(brokers, topic)),
      during,
      watch,
    );
  const empty = () => untilEmpty(database.pool);

  test('a message that the broker will never take is set aside with the reason; the rest of its batch goes through', async () => {
    await makeTopic(brokers, 'small', 4, { 'max.message.bytes': '20000' });
    await put(database.pool, 'before-', 300);
    await put(database.pool, 'too-large-', 3, { bytes: 30_000 });
    await put(database.pool, 'after-', 300);
    await relayingTo('small', empty);
    await expectAll(brokers, 'small', { 'before-': 300, 'after-': 300 });
    const letters = await listDeadLetters(database.pool, 10);
    expect(letters.map(({ key }) => key).sort()).toEqual(['too-large-1', 'too-large-2', 'too-large-3']);
    expect(letters[0]).toMatchObject({ bytes: 30_000, reason: expect.stringContaining('MESSAGE_TOO_LARGE') });

    await alterTopic(brokers, 'small', { 'max.message.bytes': '100000' });
    await relayingTo('small', async () => {
      expect(await retryDeadLetters(database.pool, [letters[0]?.id ?? ''])).toBe(1);
      await empty();
      expect(await retryDeadLetters(database.pool, 'all')).toBe(2);
      await empty();
    });
    expect(await listDeadLetters(database.pool, 10)).toEqual([]);
    await expectAll(brokers, 'small', { 'before-': 300, 'after-': 300, 'too-large-': 3 });
  }, 60_000);

  test('a record that the topic does not accept is set aside as well', async () => {
    await makeTopic(brokers, 'no-past', 1, { 'message.timestamp.before.max.ms': '60000' });
    const now = Date.now;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    try {
      await put(database.pool, 'k', 2);
      await relayingTo('no-past', empty);
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
    let failures = 0;
    const during = async () => {
      await put(database.pool, 'first-', 50);
      await empty();
      await deleteTopic(brokers, 'gone');
      const before = failures;
      await put(database.pool, 'later-', 3_000);
      await eventually(async () => expect(failures).toBeGreaterThanOrEqual(before + 3), 30_000);
      expect(await waiting(database.pool)).toBe(3_000);
      await makeTopic(brokers, 'gone', 2);
      await empty();
    };
    await relayingTo('gone', during, { watch: { ...unwatched, failed: () => void failures++ } });
    await expectAll(brokers, 'gone', { 'later-': 3_000 });
    expect(await listDeadLetters(database.pool, 1)).toEqual([]);
  }, 60_000);

  test('a broker that is frozen, then killed, loses nothing and is found again', async () => {
    await makeTopic(brokers, 'killed', 8);
    await relayingTo(
      'killed',
      async () => {
        await put(database.pool, 'before-', 100);
        await empty();
        signal('kafka', 'SIGSTOP');
        await put(database.pool, 'frozen-', 5_000);
        await eventually(async () => {
          const { rowCount } = await database.pool.query('select from outbox for update skip locked');
          expect(rowCount).toBe(0);
        }, 30_000);
        expect(await waiting(database.pool)).toBe(5_000);
        signal('kafka', 'SIGCONT');
        await empty();
        signal('kafka', 'SIGKILL');
        await put(database.pool, 'killed-', 5_000);
        await empty();
      },
      { relays: 2 },
    );
    await expectAll(brokers, 'killed', { 'before-': 100, 'frozen-': 5_000, 'killed-': 5_000 });
  }, 90_000);

  test('relays that stop at any moment and others that begin move each row at least once', async () => {
    await makeTopic(brokers, 'changing', 8);
    await put(database.pool, 'k', 30_000, { bytes: 200 });
    while ((await waiting(database.pool)) > 0)
      await relayingTo('changing', () => delay(Math.random() * 500), { relays: 2 });
    await expectAll(brokers, 'changing', { k: 30_000 });
  }, 90_000);

  test('a Postgres that was killed is connected to again', async () => {
    await makeTopic(brokers, 'postgres', 8);
    await relayingTo('postgres', async () => {
      await put(database.pool, 'before-', 2_000);
      await empty();
      signal('postgres', 'SIGKILL');
      await eventually(() => put(database.pool, 'after-', 2_000), 30_000);
      await empty();
    });
    await expectAll(brokers, 'postgres', { 'before-': 2_000, 'after-': 2_000 });
  }, 90_000);
});
