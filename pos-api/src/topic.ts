import { type Kafka, kafkajsOptions } from '@tillstream/schemas/kafka/kafka';
import { PURCHASES_TOPIC, PURCHASES_TOPIC_PARTITIONS } from '@tillstream/schemas/kafka/topics';
import { Kafka as Client, logLevel } from 'kafkajs';

/**
 * How long the broker keeps what ClickHouse may still have to read. Bronze keeps every message for ever, so this only
 * bounds how long ClickHouse may be away before purchases have to be sent again from Postgres.
 */
const RETENTION_MS = 7 * 24 * 3_600_000;

/** Makes the topic when it is not there yet. Throws while the broker does not answer. */
export const ensureTopic = async (broker: Kafka): Promise<void> => {
  const kafka = new Client({
    clientId: 'tillstream-setup',
    ...kafkajsOptions(broker),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    if ((await admin.listTopics()).includes(PURCHASES_TOPIC)) return;
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic: PURCHASES_TOPIC,
          numPartitions: PURCHASES_TOPIC_PARTITIONS,
          configEntries: [{ name: 'retention.ms', value: String(RETENTION_MS) }],
        },
      ],
    });
  } finally {
    await admin.disconnect();
  }
};
