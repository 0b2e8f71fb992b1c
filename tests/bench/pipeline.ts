import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { runSealer, sealAll } from '@tillstream/clickhouse/seal/sealer';
import { kafkaPart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes/processes';
import { Supervisor } from '@tillstream/embedded/processes/supervise';
import { StateFolder } from '@tillstream/embedded/state';
import { PURCHASES_TOPIC, PURCHASES_TOPIC_PARTITIONS } from '@tillstream/schemas/kafka/topics';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { z } from 'zod';
import { startOwnEngine } from '../support/own-engine.ts';
import { freePortPair } from '../support/ports.ts';
import { readWhile } from './gold/read-while.ts';
import { ALL, SHOP } from './gold/world.ts';
import { pipelineEvent } from './pipeline-events.ts';
import { line } from './statistics.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 1_000_000);
/** Below the megabyte that the broker takes in one message. */
const AT_ONCE = 500;

/**
 * From JSON on the broker to visible figures, in events a second: a backlog into an empty ClickHouse, then the whole topic
 * once more by another consumer group, while figures are read and sealed: none may change.
 */
export const run = async (): Promise<void> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-bench-'));
  const supervisor = new Supervisor(new ProcessList(folder), new StateFolder(folder).logs, () => undefined);
  const port = await freePortPair();
  const brokers = `127.0.0.1:${port}`;
  const { clickhouse, cpuSeconds, stop } = await startOwnEngine('bench');
  try {
    await supervisor.start(await kafkaPart(path.join(folder, 'kafka'), port));
    const bytes = await produce(brokers);
    line('events on the topic', `${EVENTS}, ${(bytes / EVENTS).toFixed(0)} bytes each`);

    const gold = openGold(clickhouse, SHOP);
    const measure = async (what: string, start: () => Promise<unknown>, arrived: () => Promise<boolean>) => {
      const [began, cpu] = [performance.now(), cpuSeconds()];
      await start();
      while (!(await arrived())) await sleep(200);
      const seconds = (performance.now() - began) / 1000;
      const each = (1e6 * (cpuSeconds() - cpu)) / EVENTS;
      line(
        what,
        `${(EVENTS / seconds).toFixed(0)} events/s (${seconds.toFixed(1)} s), ${each.toFixed(1)} µs of ClickHouse's CPU each`,
      );
    };
    await migrateClickHouse(clickhouse, undefined, SHOP);
    await measure(
      'a backlog until all figures are visible',
      () => migrateClickHouse(clickhouse, brokers, SHOP),
      async () => (await readKpis(gold, ALL, 3)).purchases === EVENTS,
    );
    await sealAll(clickhouse, { shop: SHOP, graceMs: 0 });
    const sealing = new AbortController();
    const sealed = runSealer(clickhouse, { shop: SHOP, signal: sealing.signal });
    const again = measure(
      'the topic once more by another consumer group',
      () => readByAnotherGroup(clickhouse),
      async () => (await inBronze(clickhouse)) >= 2 * EVENTS,
    );
    await readWhile('main figures meanwhile', () => readKpis(gold, ALL, 3), again);
    sealing.abort();
    await sealed;
  } finally {
    await stop();
    supervisor.beginStopping();
    await supervisor.stop(['kafka'], 5_000);
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Puts all events on the topic; gives their bytes. */
const produce = async (brokers: string): Promise<number> => {
  const kafka = new Kafka({ clientId: 'bench', brokers: [brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  let bytes = 0;
  for (let first = 0; first < EVENTS; first += AT_ONCE) {
    const messages = Array.from({ length: Math.min(AT_ONCE, EVENTS - first) }, (_, index) => {
      const event = pipelineEvent(first + index, EVENTS);
      const value = JSON.stringify(event);
      bytes += value.length;
      return { key: event.subject, value, partition: Math.floor(first / AT_ONCE) % PURCHASES_TOPIC_PARTITIONS };
    });
    await producer.send({ topic: PURCHASES_TOPIC, acks: 1, messages });
  }
  await producer.disconnect();
  return bytes;
};

const readByAnotherGroup = async (clickhouse: ClickHouse): Promise<void> => {
  const row = z.object({ create_table_query: z.string() });
  const queryOf = async (table: string) =>
    (
      await clickhouse.row({
        name: 'create',
        sql: `SELECT create_table_query FROM system.tables WHERE database = 'bronze' AND name = {table:String}`,
        params: { table },
        row,
      })
    ).create_table_query;
  const [queue, view] = [await queryOf('queue'), await queryOf('queue_mv')];
  await clickhouse.command('DROP VIEW bronze.queue_mv SYNC');
  await clickhouse.command('DROP TABLE bronze.queue SYNC');
  await clickhouse.command(queue.replace(/kafka_group_name = '[^']*'/, "kafka_group_name = 'another'"));
  await clickhouse.command(view);
};

const inBronze = async (clickhouse: ClickHouse): Promise<number> =>
  (
    await clickhouse.row({
      name: 'bronze',
      sql: 'SELECT count() AS events FROM bronze.events',
      row: z.object({ events: z.int() }),
    })
  ).events;
