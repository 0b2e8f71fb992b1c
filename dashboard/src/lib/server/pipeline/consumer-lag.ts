import { type Kafka, kafkajsOptions } from '@tillstream/schemas/kafka/kafka';
import { Kafka as Client } from '@tillstream/schemas/kafka/kafkajs';
import { CLICKHOUSE_CONSUMER_GROUP, PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { type Admin, logLevel } from 'kafkajs';

/** How many messages of the topic ClickHouse has not committed yet. */
export interface ConsumerLag {
  read(): Promise<number>;
  /** Who else reads as ClickHouse's consumer group, and so takes messages away from it: client and address of each. */
  strangers(): Promise<string[]>;
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

/**
 * The members of a group that should not be there. ClickHouse's queue is one consumer, whose client's name begins with its own;
 * with a second server of the same kind nobody can tell which of them is right, and both are named.
 */
export const strangersAmong = (members: readonly { clientId: string; clientHost: string }[]): string[] => {
  const foreign = members.filter(({ clientId }) => !clientId.startsWith('ClickHouse'));
  const named = members.length - foreign.length > 1 ? members : foreign;
  return named.map(({ clientId, clientHost }) => `${clientId} from ${clientHost.replace(/^\//, '')}`);
};

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

  const ask = async <Answer>(question: (client: Admin) => Promise<Answer>): Promise<Answer> => {
    try {
      return await question(await connected());
    } catch (error) {
      await disconnect();
      throw error;
    }
  };

  return {
    strangers: () =>
      ask(async (client) => {
        const { groups } = await client.describeGroups([CLICKHOUSE_CONSUMER_GROUP]);
        return strangersAmong(groups.flatMap(({ members }) => members));
      }),
    read: () =>
      ask(async (client) => {
        const [ends, [group]] = await Promise.all([
          client.fetchTopicOffsets(PURCHASES_TOPIC),
          client.fetchOffsets({ groupId: CLICKHOUSE_CONSUMER_GROUP, topics: [PURCHASES_TOPIC] }),
        ]);
        return lagOf(ends, group?.partitions ?? []);
      }),
    close: disconnect,
  };
};
