import { CLICKHOUSE_CONSUMER_GROUP, PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { describe, expect, inject, it, vi } from 'vitest';
import { makeDatabase } from '../../../../../tests/support/database.ts';
// Declares what the integration tests are given.
import type {} from '../../../../../tests/support/stores.ts';
import { connectConsumerLag } from './consumer-lag.ts';
import { connectOutbox } from './outbox.ts';

describe('the outbox', () => {
  it('counts what waits and since when', async () => {
    const database = await makeDatabase(inject('postgresUrl'));
    const outbox = connectOutbox(database.url);
    try {
      await database.pool.query('delete from outbox');
      expect(await outbox.read()).toEqual({ waiting: 0, since: null });
      await database.pool.query("insert into outbox (key, payload) values ('a', '{}'), ('b', '{}')");
      const { waiting, since } = await outbox.read();
      expect(waiting).toBe(2);
      expect(Math.abs(Date.now() - (since?.getTime() ?? 0))).toBeLessThan(60_000);
    } finally {
      await outbox.close();
      await database.pool.end();
    }
  });

  it('fails quickly when Postgres is away', async () => {
    const outbox = connectOutbox('postgres://nobody:none@127.0.0.1:9/none');
    await expect(outbox.read()).rejects.toThrow();
    await outbox.close();
  });
});

const brokers = inject('kafkaBrokers');

describe.skipIf(brokers === undefined)('the consumer lag', () => {
  it('is what was sent and not committed', async () => {
    const kafka = new Kafka({ brokers: [brokers ?? ''], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const lag = connectConsumerLag(brokers ?? '');
    await Promise.all([admin.connect(), producer.connect()]);
    try {
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic: PURCHASES_TOPIC, numPartitions: 2 }] });
      // A broker that has just started says for a moment that it cannot tell.
      const before = await vi.waitFor(() => lag.read(), { timeout: 20_000, interval: 500 });
      await producer.send({
        topic: PURCHASES_TOPIC,
        messages: [
          { value: '1', partition: 0 },
          { value: '2', partition: 1 },
        ],
      });
      expect(await lag.read()).toBe(before + 2);
      const [first] = await admin.fetchTopicOffsets(PURCHASES_TOPIC);
      const partitions = [{ partition: first?.partition ?? 0, offset: first?.offset ?? '0' }];
      await admin.setOffsets({ groupId: CLICKHOUSE_CONSUMER_GROUP, topic: PURCHASES_TOPIC, partitions });
      expect(await lag.read()).toBeLessThan(before + 2);
    } finally {
      await Promise.all([lag.close(), producer.disconnect(), admin.disconnect()]);
    }
  });
});

describe('the consumer lag without a broker', () => {
  it('fails quickly', async () => {
    const lag = connectConsumerLag('127.0.0.1:9');
    await expect(lag.read()).rejects.toThrow();
    await lag.close();
  });
});
