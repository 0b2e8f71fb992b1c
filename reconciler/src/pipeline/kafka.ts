import type { ClickHouse } from '@tillstream/clickhouse/client';
import { type Kafka, kafkajsOptions } from '@tillstream/schemas/kafka/kafka';
import { Kafka as Client } from '@tillstream/schemas/kafka/kafkajs';
import { CLICKHOUSE_CONSUMER_GROUP, PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { type Admin, logLevel } from 'kafkajs';
import { z } from 'zod';
import type { ReadOffsets } from './empty-messages.ts';
import type { Broker } from './pipeline.ts';

/** A partition and the offset that its next message will get. */
interface End {
  partition: number;
  offset: number;
}

/** How far the topic is written and how far ClickHouse has read it, in messages over all partitions. */
export interface TopicProgress {
  written: number;
  read: number;
}

/** A broker and the connection to it. */
export interface KafkaBroker extends Broker {
  progress(): Promise<TopicProgress>;
  /** How far ClickHouse has read each partition. */
  readOffsets(): Promise<ReadOffsets[]>;
  close(): Promise<void>;
}

/**
 * Watches how far ClickHouse has read the topic: by the offsets that its consumer group has committed, which the engine
 * does when a block stands in every layer. That a message stands in bronze does not say so: silver follows it by a moment.
 */
export const kafkaBroker = (broker: Kafka, clickhouse: ClickHouse): KafkaBroker => {
  const kafka = new Client({
    clientId: 'tillstream-reconciler',
    ...kafkajsOptions(broker),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { retries: 1, initialRetryTime: 50 },
  });
  let admin: Admin | undefined;

  /** A connection that failed is left, the next call makes another. */
  const ask = async <Answer>(question: (admin: Admin) => Promise<Answer>): Promise<Answer> => {
    try {
      if (admin === undefined) {
        const fresh = kafka.admin();
        await fresh.connect();
        admin = fresh;
      }
      return await question(admin);
    } catch (error) {
      void admin?.disconnect().catch(() => undefined);
      admin = undefined;
      throw error;
    }
  };

  const ends = async (): Promise<End[]> => {
    const partitions = await ask((connected) => connected.fetchTopicOffsets(PURCHASES_TOPIC));
    return (
      partitions
        // Where nothing is kept any more there is nothing to wait for, read or not.
        .filter(({ high, low }) => high !== low)
        .map(({ partition, high }) => ({ partition, offset: Number(high) }))
    );
  };

  const committedBy = async (groupId: string): Promise<Map<number, number>> => {
    const [topic] = await ask((connected) => connected.fetchOffsets({ groupId, topics: [PURCHASES_TOPIC] }));
    return new Map(topic?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  };

  const behind = async (groupId: string, marks: readonly End[]): Promise<End[]> => {
    const committed = await committedBy(groupId);
    return marks.filter(({ partition, offset }) => (committed.get(partition) ?? -1) < offset);
  };

  return {
    mark: async () => {
      const groupId = await groupOf(clickhouse);
      let left = await ends();
      return async () => {
        if (left.length > 0) left = await behind(groupId, left);
        return left.length === 0;
      };
    },
    progress: async () => {
      const partitions = await ask((connected) => connected.fetchTopicOffsets(PURCHASES_TOPIC));
      const committed = await committedBy(await groupOf(clickhouse));
      const progress = { written: 0, read: 0 };
      for (const { partition, high, low } of partitions) {
        progress.written += Number(high);
        // What the broker no longer keeps is not waited for.
        progress.read += Math.min(Number(high), Math.max(committed.get(partition) ?? -1, Number(low)));
      }
      return progress;
    },
    readOffsets: async () => {
      const partitions = await ask((connected) => connected.fetchTopicOffsets(PURCHASES_TOPIC));
      const committed = await committedBy(await groupOf(clickhouse));
      return partitions.map(({ partition, high, low }) => ({
        partition,
        low: Number(low),
        read: Math.min(Number(high), committed.get(partition) ?? 0),
      }));
    },
    close: async () => {
      await admin?.disconnect();
    },
  };
};

/** The group that the queue reads as: an operator who replays the topic may have given it another. */
export const groupOf = async (clickhouse: ClickHouse): Promise<string> => {
  const [queue] = await clickhouse.rows({
    name: 'reconciler: consumer group',
    sql: `SELECT extract(create_table_query, {pattern:String}) AS name FROM system.tables
          WHERE database = 'bronze' AND name = 'queue'`,
    params: { pattern: "kafka_group_name = '([^']+)'" },
    row: z.object({ name: z.string() }),
  });
  return queue?.name || CLICKHOUSE_CONSUMER_GROUP;
};
