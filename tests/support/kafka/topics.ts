import { Kafka, logLevel } from 'kafkajs';
import { eventually } from '../eventually.ts';

/** A broker that is frozen is asked in vain: not for the 30 s that are the default. */
const REQUEST_MS = 5_000;
const connect = (brokers: string) =>
  new Kafka({ clientId: 'test', brokers: brokers.split(','), logLevel: logLevel.NOTHING, requestTimeout: REQUEST_MS });

/** Makes a topic; resolves when its partitions have leaders. */
export const makeTopic = async (
  brokers: string,
  topic: string,
  numPartitions: number,
  settings: Record<string, string> = {},
  replicationFactor = 1,
): Promise<void> => {
  const admin = connect(brokers).admin();
  await admin.connect();
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions, replicationFactor, configEntries }],
  });
  await admin.disconnect();
};

export const deleteTopic = async (brokers: string, topic: string): Promise<void> => {
  const admin = connect(brokers).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
};

/** Changes the settings of a topic. */
export const alterTopic = async (brokers: string, topic: string, settings: Record<string, string>): Promise<void> => {
  const admin = connect(brokers).admin();
  await admin.connect();
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
  await admin.disconnect();
};

/** Which broker (its node id) leads a partition now; -1 while nobody does. */
export const leaderOf = async (brokers: string, topic: string, partition: number): Promise<number> => {
  const admin = connect(brokers).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  return topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader ?? -1;
};

/** A message as a test looks at it. */
export interface TopicMessage {
  key: string;
  value: string;
  headers: Record<string, string>;
}

/** All messages that a topic has now, repeats included. */
export const messagesOn = async (brokers: string, topic: string): Promise<TopicMessage[]> => {
  const kafka = connect(brokers);
  const admin = kafka.admin();
  await admin.connect();
  // A partition whose leader is just being elected has none to ask.
  let offsets: Awaited<ReturnType<typeof admin.fetchTopicOffsets>> = [];
  await eventually(async () => {
    offsets = await admin.fetchTopicOffsets(topic);
  });
  await admin.disconnect();
  const missing = new Map(
    offsets.filter(({ high, low }) => high !== low).map(({ partition, high }) => [partition, BigInt(high) - 1n]),
  );
  const messages: TopicMessage[] = [];
  if (missing.size === 0) return messages;
  const consumer = kafka.consumer({ groupId: `test-${Math.random()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          messages.push({
            key: String(message.key),
            value: String(message.value),
            headers: Object.fromEntries(
              Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
            ),
          });
          if (BigInt(message.offset) >= (missing.get(partition) ?? -1n)) missing.delete(partition);
          if (missing.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return messages;
};

/** Their keys. */
export const keysOn = async (brokers: string, topic: string): Promise<string[]> =>
  (await messagesOn(brokers, topic)).map(({ key }) => key);
