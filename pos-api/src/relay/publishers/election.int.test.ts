import { setTimeout as delay } from 'node:timers/promises';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../../tests/support/database.ts';
import { eventually } from '../../../../tests/support/eventually.ts';
import { type KafkaCluster, startKafkaCluster } from '../../../../tests/support/kafka/kafka-cluster.ts';
import { leaderOf, makeTopic } from '../../../../tests/support/kafka/topics.ts';
import { freePort } from '../../../../tests/support/ports.ts';
import { expectAll, put, relaying, untilEmpty, waiting } from '../../../test/outbox.ts';
import { type Run, runEntry } from '../../../test/process.ts';
import { unwatched } from '../watch.ts';
import { kafkajsPublisher } from './kafkajs-publisher.ts';

const BROKERS = 3;
const PARTITIONS = 6;
/** A broker that is frozen is found out by nothing else. */
const PATIENCE_MS = 3_000;

/** Three brokers; a message is acknowledged when two of them have it, so one may be lost at any moment. */
describe.skipIf(inject('kafkaBrokers') === undefined)('with three brokers', () => {
  let cluster: KafkaCluster;
  let database: TestDatabase;
  beforeAll(async () => {
    cluster = await startKafkaCluster(BROKERS);
    database = await makeDatabase(inject('postgresUrl'));
  }, 150_000);
  afterAll(async () => {
    await database?.pool.end();
    await cluster?.close();
  });
  beforeEach(async () => {
    await database.pool.query('truncate outbox, dead_letters');
  });

  const makeReplicated = (topic: string) =>
    makeTopic(cluster.brokers, topic, PARTITIONS, { 'min.insync.replicas': '2' }, BROKERS);
  /** Two relays; `acknowledged` is told of each send that was taken, `failed` of each that was not. */
  const relayingTo = (
    topic: string,
    { acknowledged, failed }: { acknowledged?: (events: number) => void; failed?: () => void },
    during: () => Promise<void>,
  ) =>
    relaying(
      database.url,
      [1, 2].map(() => kafkajsPublisher(cluster.brokers, topic, PATIENCE_MS)),
      during,
      { ...unwatched, sent: (waited) => acknowledged?.(waited.length), failed: () => failed?.() },
    );
  /** All but one, whatever it may say of the topic. */
  const brokersBut = (node: number) =>
    cluster.brokers
      .split(',')
      .filter((_, n) => n !== node - 1)
      .join(',');
  /** Every key is on the topic and none was set aside; resolves with how many were sent twice. */
  const expectNothingLost = async (topic: string, counts: Record<string, number>, brokers = cluster.brokers) => {
    const repeated = await expectAll(brokers, topic, counts);
    const { rows } = await database.pool.query('select count(*)::int as n from dead_letters');
    expect(rows[0]?.n).toBe(0);
    return repeated;
  };

  test('the leader killed while a backlog drains: all of it is on the topic', async () => {
    await makeReplicated('drained');
    let sent = 0;
    let pause = 0;
    let last = 0;
    const killed = await leaderOf(cluster.brokers, 'drained', 0);
    const acknowledged = (events: number) => {
      const now = performance.now();
      if (sent > 0) pause = Math.max(pause, now - last);
      last = now;
      sent += events;
    };
    await relayingTo('drained', { acknowledged }, async () => {
      await put(database.pool, 'k-', 60_000);
      await eventually(async () => expect(sent).toBeGreaterThan(8_000), 30_000);
      await cluster.kill(killed);
      expect(await waiting(database.pool)).toBeGreaterThan(0);
      await untilEmpty(database.pool);
    });
    await cluster.start(killed);
    const repeated = await expectNothingLost('drained', { 'k-': 60_000 });
    console.log(`leader killed in a backlog: longest pause ${Math.round(pause)} ms, ${repeated} of 60000 sent twice`);
  }, 120_000);

  test('the leader killed, then another one frozen, while rows trickle: each is on the topic', async () => {
    await makeReplicated('trickled');
    let rows = 0;
    /** The longest time without an acknowledgement while a broker that leads a partition goes, in milliseconds. */
    const longestPause = async (partition: number, go: (node: number) => Promise<void> | void) => {
      let last = performance.now();
      let longest = 0;
      let sent = 0;
      const acknowledged = (events: number) => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
        sent += events;
      };
      /** Rows go on coming until so many more have been acknowledged, and something has come about. */
      const trickle = async (more: number, until: Promise<void> = Promise.resolve()) => {
        const enough = sent + more;
        let cameAbout = false;
        // Rejects when it does not come about.
        const failed = until.then(() => {
          cameAbout = true;
          return delay(10);
        });
        while (sent < enough || !cameAbout) {
          rows += 1;
          await put(database.pool, 'k-', rows, { from: rows });
          await Promise.race([delay(10), failed]);
        }
      };
      const leader = await leaderOf(cluster.brokers, 'trickled', partition);
      const newLeader = () =>
        eventually(async () => {
          const now = await leaderOf(brokersBut(leader), 'trickled', partition);
          expect([-1, leader]).not.toContain(now);
        }, 60_000);
      await relayingTo('trickled', { acknowledged }, async () => {
        await trickle(5 * PARTITIONS);
        await go(leader);
        await trickle(20 * PARTITIONS, newLeader());
        await untilEmpty(database.pool);
      });
      return { leader, longest: Math.round(longest) };
    };
    const { leader: killed, longest: afterKill } = await longestPause(0, cluster.kill);
    await cluster.start(killed);
    const repeatedAfterKill = await expectNothingLost('trickled', { 'k-': rows });
    const { leader: frozen, longest: afterFreeze } = await longestPause(1, (leader) =>
      cluster.signal(leader, 'SIGSTOP'),
    );
    // A broker that thaws takes itself for the leader at first: it is not asked.
    const repeated = await expectNothingLost('trickled', { 'k-': rows }, brokersBut(frozen));
    await cluster.kill(frozen);
    await cluster.start(frozen);
    console.log(
      `rows trickle: longest pause ${afterKill} ms after a kill, ${afterFreeze} ms after a freeze, ${repeatedAfterKill} and ${repeated} of ${rows} sent twice`,
    );
  }, 120_000);

  test('two of three brokers gone: nothing is acknowledged and nothing is lost', async () => {
    await makeReplicated('too-few');
    let failures = 0;
    await relayingTo('too-few', { failed: () => void failures++ }, async () => {
      await put(database.pool, 'before-', 500);
      await untilEmpty(database.pool);
      await Promise.all([cluster.kill(1), cluster.kill(2)]);
      const before = failures;
      await put(database.pool, 'meanwhile-', 5_000);
      // Both relays have tried and tried again.
      await eventually(async () => expect(failures).toBeGreaterThanOrEqual(before + 6), 60_000);
      expect(await waiting(database.pool)).toBe(5_000);
      await Promise.all([cluster.start(1), cluster.start(2)]);
      await untilEmpty(database.pool);
    });
    await expectNothingLost('too-few', { 'before-': 500, 'meanwhile-': 5_000 });
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
    const KILLS = 4;
    const PORTION = 20_000;
    let rows = 0;
    /** However fast they are, each is killed with rows left to send. */
    const putMore = async () => {
      await put(database.pool, 'k-', rows + PORTION, { from: rows + 1 });
      rows += PORTION;
    };
    try {
      for (let kills = 0; kills < KILLS; kills++) {
        await putMore();
        const before = await waiting(database.pool);
        await eventually(async () => expect(await waiting(database.pool)).toBeLessThan(before), 60_000);
        if ((await waiting(database.pool)) < PORTION / 2) await putMore();
        const n = kills % relays.length;
        relays[n]?.child.kill('SIGKILL');
        relays[n] = await launch();
      }
      await untilEmpty(database.pool);
    } finally {
      for (const { child } of relays) child.kill('SIGKILL');
    }
    const repeated = await expectNothingLost(PURCHASES_TOPIC, { 'k-': rows });
    console.log(`${KILLS} relays killed in a backlog: ${repeated} of ${rows} sent twice`);
  }, 180_000);
});
