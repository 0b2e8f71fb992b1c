import { type Kafka, kafkajsOptions } from '@tillstream/schemas/kafka';
import { CLICKHOUSE_CONSUMER_GROUP, PURCHASES_TOPIC } from '@tillstream/schemas/topics';
import { type Admin, Kafka as Client, logLevel } from 'kafkajs';

/** How many messages of the topic ClickHouse has not committed yet. */
export interface ConsumerLag {
  read(): Promise<number>;
  close(): Promise<void>;
}

interface Offset {
  partition: number;
  offset: string;
}

/**
 * The lag of a consumer group: per partition what lies between its committed offset and the end.
 * What the broker no longer keeps cannot be waited for, so a group that never committed starts at the beginning kept.
 */
export const lagOf = (ends: readonly (Offset & { low: string })[], committed: readonly Offset[]): number =>
  ends.reduce((lag, { partition, offset, low }) => {
    const read = Number(committed.find((candidate) => candidate.partition === partition)?.offset ?? -1);
    return lag + Math.max(0, Number(offset) - Math.max(read, Number(low)));
  }, 0);

/** Connects on first use, and anew after an error. */
export const connectConsumerLag = (broker: Kafka): ConsumerLag => {
  let admin: Admin | undefined;

  const connected = async (): Promise<Admin> => {
    if (admin !== undefined) return admin;
    const kafka = new Client({
      clientId: 'dashboard',
      ...kafkajsOptions(broker),
      connectionTimeout: 1_000,
      requestTimeout: 2_000,
      retry: { initialRetryTime: 50, retries: 1 },
      logLevel: logLevel.NOTHING,
    });
    const fresh = kafka.admin();
    await fresh.connect();
    admin = fresh;
    return fresh;
  };

  const disconnect = async () => {
    const old = admin;
    admin = undefined;
    await old?.disconnect().catch(() => {});
  };

  return {
    read: async () => {
      try {
        const client = await connected();
        const [ends, [group]] = await Promise.all([
          client.fetchTopicOffsets(PURCHASES_TOPIC),
          client.fetchOffsets({ groupId: CLICKHOUSE_CONSUMER_GROUP, topics: [PURCHASES_TOPIC] }),
        ]);
        return lagOf(ends, group?.partitions ?? []);
      } catch (error) {
        await disconnect();
        throw error;
      }
    },
    close: disconnect,
  };
};
