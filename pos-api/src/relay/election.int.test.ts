import { setTimeout as delay } from 'node:timers/promises';
import { PURCHASES_TOPIC } from '@tillstream/schemas/topics';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { type KafkaCluster, startKafkaCluster } from '../../../tests/support/kafka-cluster.ts';
import { freePort } from '../../../tests/support/ports.ts';
import { keysOn, leaderOf, makeTopic } from '../../../tests/support/topics.ts';
import { type Run, runEntry } from '../../test/process.ts';
import { kafkajsPublisher } from './kafkajs-publisher.ts';
import { runRelay } from './relay.ts';
import { unwatched } from './watch.ts';

const quiet = { info: () => undefined, warn: () => undefined };
const BROKERS = 3;
const PARTITIONS = 6;

/** Three brokers; a message is acknowledged when two of them have it, so one may be lost at any moment. */
describe.skipIf(inject('kafkaBrokers') === undefined)('with three brokers', () => {
  let cluster: KafkaCluster;
  let database: TestDatabase;
  beforeAll(async () => {
    cluster = await startKafkaCluster(BROKERS);
    database = await makeDatabase(inject('postgresUrl'));
  }, 90_000);
  afterAll(async () => {
    await database?.pool.end();
    await cluster?.close();
  });
  beforeEach(async () => {
    await database.pool.query('truncate outbox, dead_letters');
  });

  const makeReplicated = (topic: string) =>
    makeTopic(cluster.brokers, topic, PARTITIONS, { 'min.insync.replicas': '2' }, BROKERS);
  const put = async (prefix: string, from: number, to: number) => {
    await database.pool.query(
      `with put as (insert into outbox (key, payload) select $1 || n, repeat('x', 500) from generate_series($2::int, $3::int) as n
         returning 1)
       select count(*), pg_notify('outbox', '') from put`,
      [prefix, from, to],
    );
  };
  const waiting = async (): Promise<number> =>
    (await database.pool.query('select count(*)::int as n from outbox')).rows[0]?.n;
  const untilEmpty = () => eventually(async () => expect(await waiting()).toBe(0), 60_000);
  /** Relays in this process; `acknowledged` is told of each send that was taken. */
  const relaying = async (topic: string, acknowledged: (events: number) => void, during: () => Promise<void>) => {
    const stop = new AbortController();
    const publishers = [1, 2].map(() => kafkajsPublisher(cluster.brokers, topic));
    const watch = { ...unwatched, sent: (waited: readonly number[]) => acknowledged(waited.length) };
    const running = publishers.map((publisher) => runRelay(database.url, publisher, quiet, stop.signal, watch));
    try {
      await during();
    } finally {
      stop.abort();
      await Promise.all(running);
      await Promise.all(publishers.map((publisher) => publisher.close()));
    }
  };
  const expectAll = async (topic: string, counts: Record<string, number>) => {
    const expected = Object.entries(counts).flatMap(([prefix, count]) =>
      Array.from({ length: count }, (_, n) => `${prefix}${n + 1}`),
    );
    const keys = await keysOn(cluster.brokers, topic);
    expect([...new Set(keys)].sort()).toEqual(expected.sort());
    const { rows } = await database.pool.query('select count(*)::int as n from dead_letters');
    expect(rows[0]?.n).toBe(0);
    return keys.length - expected.length;
  };

  test('the leader killed while a backlog drains: all of it is on the topic', async () => {
    await makeReplicated('drained');
    let sent = 0;
    let pause = 0;
    let last = 0;
    const killed = await leaderOf(cluster.brokers, 'drained', 0);
    await relaying(
      'drained',
      (events) => {
        const now = performance.now();
        if (sent > 0) pause = Math.max(pause, now - last);
        last = now;
        sent += events;
      },
      async () => {
        await put('k-', 1, 60_000);
        await eventually(async () => expect(sent).toBeGreaterThan(8_000), 30_000);
        await cluster.kill(killed);
        expect(await waiting()).toBeGreaterThan(0);
        await untilEmpty();
      },
    );
    await cluster.start(killed);
    const repeated = await expectAll('drained', { 'k-': 60_000 });
    console.log(`leader killed in a backlog: longest pause ${Math.round(pause)} ms, ${repeated} of 60000 sent twice`);
  }, 120_000);

  test('the leader killed, then another one frozen, while rows trickle: each is on the topic', async () => {
    await makeReplicated('trickled');
    let longest = 0;
    let rows = 0;
    const trickle = async (ms: number) => {
      const until = performance.now() + ms;
      while (performance.now() < until) {
        rows += 1;
        await put('k-', rows, rows);
        await delay(10);
      }
    };
    const watched = async (during: () => Promise<void>): Promise<number> => {
      let last = performance.now();
      longest = 0;
      await relaying(
        'trickled',
        () => {
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        },
        during,
      );
      return Math.round(longest);
    };
    const killed = await leaderOf(cluster.brokers, 'trickled', 0);
    const afterKill = await watched(async () => {
      await trickle(1_000);
      await cluster.kill(killed);
      await trickle(8_000);
      await untilEmpty();
    });
    await cluster.start(killed);
    const frozen = await leaderOf(cluster.brokers, 'trickled', 1);
    const afterFreeze = await watched(async () => {
      await trickle(1_000);
      cluster.signal(frozen, 'SIGSTOP');
      await trickle(8_000);
      await untilEmpty();
      cluster.signal(frozen, 'SIGCONT');
    });
    const repeated = await expectAll('trickled', { 'k-': rows });
    console.log(
      `rows trickle: longest pause ${afterKill} ms after a kill, ${afterFreeze} ms after a freeze, ${repeated} of ${rows} sent twice`,
    );
  }, 120_000);

  test('two of three brokers gone: nothing is acknowledged and nothing is lost', async () => {
    await makeReplicated('too-few');
    await relaying(
      'too-few',
      () => undefined,
      async () => {
        await put('before-', 1, 500);
        await untilEmpty();
        await cluster.kill(1);
        await cluster.kill(2);
        await put('meanwhile-', 1, 5_000);
        await delay(3_000);
        expect(await waiting()).toBe(5_000);
        await Promise.all([cluster.start(1), cluster.start(2)]);
        await untilEmpty();
      },
    );
    await expectAll('too-few', { 'before-': 500, 'meanwhile-': 5_000 });
  }, 120_000);

  test('relays killed again and again while a backlog drains: every event is on the topic', async () => {
    await makeReplicated(PURCHASES_TOPIC);
    const launch = async (): Promise<Run> =>
      runEntry('relay/main.ts', [], {
        POSTGRES_URL: database.url,
        KAFKA_BROKERS: cluster.brokers,
        RELAY_PORT: String(await freePort()),
      });
    const relays = await Promise.all([launch(), launch(), launch()]);
    let kills = 0;
    try {
      await put('k-', 1, 100_000);
      for (let n = 0; (await waiting()) > 0; n++) {
        await delay(300);
        const victim = relays[n % relays.length];
        const before = await waiting();
        // One that is still starting has nothing in hand.
        if (before === 100_000 || before === 0 || kills === 6) continue;
        kills += 1;
        victim?.child.kill('SIGKILL');
        relays[n % relays.length] = await launch();
      }
    } finally {
      for (const { child } of relays) child.kill('SIGKILL');
    }
    const repeated = await expectAll(PURCHASES_TOPIC, { 'k-': 100_000 });
    console.log(`${kills} relays killed in a backlog: ${repeated} of 100000 sent twice`);
    expect(kills).toBeGreaterThanOrEqual(2);
  }, 180_000);
});
