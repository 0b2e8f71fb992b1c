import { Kafka, logLevel } from 'kafkajs';

const connect = (brokers: string) =>
  new Kafka({ clientId: 'test', brokers: brokers.split(','), logLevel: logLevel.NOTHING });

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

/** The keys of all messages that a topic has now, repeats included. */
export const keysOn = async (brokers: string, topic: string): Promise<string[]> => {
  const kafka = connect(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const missing = new Map(
    offsets.filter(({ high, low }) => high !== low).map(({ partition, high }) => [partition, BigInt(high) - 1n]),
  );
  const keys: string[] = [];
  if (missing.size === 0) return keys;
  const consumer = kafka.consumer({ groupId: `test-${Math.random()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          keys.push(String(message.key));
          if (BigInt(message.offset) >= (missing.get(partition) ?? -1n)) missing.delete(partition);
          if (missing.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return keys;
};
