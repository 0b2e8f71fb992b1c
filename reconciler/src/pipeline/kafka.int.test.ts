import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { recordPurchases } from '@tillstream/pos-api/record-purchases';
import { kafkajsPublisher } from '@tillstream/pos-api/relay/publishers/kafkajs-publisher';
import { runRelay } from '@tillstream/pos-api/relay/relay';
import { ensureTopic } from '@tillstream/pos-api/topic';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { connectConsumerLag } from '../../../dashboard/src/lib/server/pipeline/consumer-lag.ts';
import { makeDatabase, purchase, type TestDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { startBroker, startEngine, type TestBroker, type TestEngine } from '../../test/engine.ts';
import { joinGroup } from '../../test/group-member.ts';
import { reconciler } from '../passes/reconciler.ts';
import { replay } from '../replay/replay.ts';
import { emptyMessages } from './empty-messages.ts';
import { type KafkaBroker, kafkaBroker } from './kafka.ts';
import { pipelineOver } from './pipeline.ts';
import { queueKeeper } from './queue.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe.skipIf(inject('kafkaBrokers') === undefined)('over the broker', () => {
  let engine: TestEngine;
  let broker: TestBroker;
  let database: TestDatabase;
  let clickhouse: ClickHouse;
  let watched: KafkaBroker;
  let relaying: Promise<void>;
  const stopping = new AbortController();

  beforeAll(async () => {
    engine = await startEngine();
    broker = await startBroker();
    database = await makeDatabase(inject('postgresUrl'));
    clickhouse = connectClickHouse(engine.url, 'test');
    // The queue needs its topic when it is created.
    await ensureTopic(broker.brokers);
    await migrateClickHouse(clickhouse, broker.brokers);
    watched = kafkaBroker(broker.brokers, clickhouse);
    relaying = runRelay(database.url, kafkajsPublisher(broker.brokers), quiet, stopping.signal);
  });
  // A start that failed halfway leaves some of them undefined, and the others must stop all the same.
  afterAll(async () => {
    stopping.abort();
    await relaying;
    await watched?.close();
    await Promise.all([database?.pool.end(), clickhouse?.close()]);
    await engine?.stop();
    await broker?.stop();
  });

  const record = async (count: number) => {
    const answers = await recordPurchases(
      database.pool,
      Array.from({ length: count }, () => purchase({ customer_id: randomUUID(), sold_at: null })),
    );
    return answers.map((answer) => (answer.outcome === 'recorded' ? answer.purchase_id : ''));
  };

  /** Without a settling time each run also compares what is on its way right now. */
  const newRun = (timeoutMs: number) =>
    reconciler(
      database.pool,
      clickhouse,
      pipelineOver(database.pool, watched, timeoutMs, new AbortController().signal),
      quiet,
      { heal: true, historyBudgetMs: 1_000, settlingMs: 0, restMs: 0 },
    );
  const check = async (run: ReturnType<typeof newRun>) =>
    (await run()).flatMap(({ summary }) => summary.findings.map(({ kind, key }) => `${key.id} ${kind}`));

  test('what is on its way through the broker is no difference', async () => {
    const run = newRun(10_000);
    let enough = false;
    const selling = (async () => {
      while (!enough) {
        const ids = await record(5);
        await database.pool.query('select void_purchase($1)', [ids[0]]);
        await delay(20);
      }
    })();
    const found: string[] = [];
    for (let checks = 0; checks < 4; checks++) found.push(...(await check(run)));
    enough = true;
    await selling;
    expect(found).toEqual([]);
    expect(await check(newRun(10_000))).toEqual([]);
  }, 120_000);

  test('while ClickHouse does not read, what the broker holds is in flight; what it never got is lost', async () => {
    await clickhouse.command('DETACH TABLE bronze.queue_mv');
    // The engine ends the block it is at; without a view to go to, what it read meanwhile would be gone.
    await delay(1_000);
    await record(3);
    const blocked = newRun(1_500);
    expect(await check(blocked)).toEqual([]);
    await clickhouse.command('ATTACH TABLE bronze.queue_mv');
    expect(await check(newRun(15_000))).toEqual([]);
    // Committed with its event, which then goes missing.
    const client = await database.pool.connect();
    await client.query('begin');
    const [answer] = await recordPurchases(client, [purchase({ sold_at: null })]);
    const id = answer?.outcome === 'recorded' ? answer.purchase_id : '';
    await client.query('delete from outbox where key = $1', [id]);
    await client.query('commit');
    client.release();
    expect([...new Set(await check(newRun(15_000)))]).toEqual([`${id} lost`]);
    expect(await check(newRun(15_000))).toEqual([]);
  });

  test('ClickHouse reads the topic again from its beginning, and no figure changes', async () => {
    await record(7);
    expect(await check(newRun(15_000))).toEqual([]);
    const counted = () =>
      clickhouse.row({
        name: 'test',
        sql: `SELECT (SELECT count() FROM bronze.events) AS messages, count() AS purchases, sum(total_minor) AS revenue
              FROM gold.purchases`,
        row: z.object({ messages: z.number(), purchases: z.number(), revenue: z.number() }),
      });
    const before = await counted();
    const { written, read } = await watched.progress();
    expect(written).toBe(before.messages);
    expect(read).toBe(written);
    expect(await replay(broker.brokers, clickhouse, new AbortController().signal)).toBe(written);
    await eventually(async () => {
      expect((await watched.progress()).read).toBe(written);
      expect((await counted()).messages).toBe(2 * written);
    }, 30_000);
    const after = await counted();
    expect(after).toEqual({ ...before, messages: 2 * written });
    // What comes afterwards is read as ever.
    await record(2);
    expect(await check(newRun(15_000))).toEqual([]);
    expect((await counted()).purchases).toBe(before.purchases + 2);
  });

  test('null and empty messages reach bronze, in quarantine', async () => {
    await record(1);
    const note = emptyMessages(clickhouse, () => watched.readOffsets());
    expect(await note()).toBe(0);
    const producer = new Kafka({
      clientId: 'stranger',
      brokers: [broker.brokers],
      logLevel: logLevel.NOTHING,
    }).producer();
    await producer.connect();
    await producer.send({ topic: PURCHASES_TOPIC, messages: [{ value: null }, { value: '' }, { value: 'text' }] });
    await producer.disconnect();
    let noted = 0;
    // The engine commits a partition with the next message that makes a row.
    await eventually(async () => {
      await record(1);
      noted += await note();
      expect(noted).toBe(2);
    }, 20_000);
    const reasons = await clickhouse.rows({
      name: 'test',
      sql: 'SELECT dq_errors[1] AS reason FROM ops.quarantine ORDER BY reason',
      row: z.object({ reason: z.string() }),
    });
    expect(reasons.map(({ reason }) => reason)).toEqual(['empty message', 'empty message', 'not JSON']);
    expect(await note()).toBe(0);
  }, 60_000);

  test.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['kill -9', 'SIGKILL', null],
  ] as const)(
    'a replay that %s ends leaves the queue reading on',
    async (_what, signal, code) => {
      const { child, exit } = runReplay();
      // While another consumer reads as the group the broker does not move it, so the replay waits with the queue detached.
      const member = await joinGroup(broker.brokers);
      await eventually(async () => expect(await queueState()).toBe('detached'), 15_000);
      const lag = connectConsumerLag(broker.brokers);
      expect(await lag.strangers()).toEqual(['stranger from 127.0.0.1']);
      await lag.close();
      child.kill(signal);
      expect((await exit)[0]).toBe(code);
      const keepAttached = queueKeeper(clickhouse, 1_000);
      if (signal === 'SIGKILL') {
        expect(await queueState()).toBe('detached');
        // Another replay may be at it.
        expect(await keepAttached()).toBe(false);
        await delay(1_000);
        expect(await keepAttached()).toBe(true);
      }
      expect(await queueState()).toBe('attached');
      expect(await keepAttached()).toBe(false);
      await member.disconnect();
      const [id] = await record(1);
      await eventually(async () => {
        const { found } = await clickhouse.row({
          name: 'test',
          sql: 'SELECT count() AS found FROM gold.purchases WHERE purchase_id = {id:UUID}',
          params: { id },
          row: z.object({ found: z.number() }),
        });
        expect(found).toBe(1);
      }, 30_000);
    },
    90_000,
  );

  const runReplay = () => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('../replay/main.ts', import.meta.url))],
      {
        env: { ...process.env, CLICKHOUSE_URL: engine.url, KAFKA_BROKERS: broker.brokers },
        stdio: 'ignore',
      },
    );
    return { child, exit: once(child, 'exit') };
  };
  const queueState = async () =>
    (
      await clickhouse.row({
        name: 'test',
        sql: `SELECT if(count() > 0, 'attached', 'detached') AS state FROM system.tables WHERE database = 'bronze' AND name = 'queue'`,
        row: z.object({ state: z.string() }),
      })
    ).state;
});
