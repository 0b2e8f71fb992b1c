import { PURCHASES_TOPIC, PURCHASES_TOPIC_PARTITIONS } from '@tillstream/schemas/topics';
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import type { OutboxEvent, Publisher } from './publisher.ts';

/** A broker takes about 1 MB per record batch by default; a batch here stays well below it. */
const BATCH_BYTES = 600_000;
const ALL_IN_SYNC_REPLICAS = -1;

/**
 * Publishes through kafkajs. Order does not matter downstream, so a batch goes to one partition whole and the
 * next batch to the next: fewer, larger writes than by key.
 *
 * @param brokers `host:port`, comma-joined
 */
export const kafkajsPublisher = (brokers: string): Publisher => {
  const kafka = new Kafka({
    clientId: 'tillstream-relay',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: { retries: 3, initialRetryTime: 50 },
  });
  let producer: Producer | undefined;
  let nextPartition = Math.floor(Math.random() * PURCHASES_TOPIC_PARTITIONS);

  const connected = async () => {
    if (producer) return producer;
    const fresh = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
    await fresh.connect();
    producer = fresh;
    return fresh;
  };

  return {
    publish: async (events) => {
      const active = await connected();
      const batches = inBatches(events);
      try {
        for (let from = 0; from < batches.length; from += PURCHASES_TOPIC_PARTITIONS) {
          const messages = batches.slice(from, from + PURCHASES_TOPIC_PARTITIONS).flatMap((batch) => {
            const partition = nextPartition++ % PURCHASES_TOPIC_PARTITIONS;
            return batch.map(({ key, payload }) => ({ key, value: payload, partition }));
          });
          await active.send({ topic: PURCHASES_TOPIC, acks: ALL_IN_SYNC_REPLICAS, messages });
        }
      } catch (error) {
        // A producer that saw a rejection may use a sequence number twice; the next send gets a new one.
        producer = undefined;
        void active.disconnect().catch(() => undefined);
        throw error;
      }
    },
    close: async () => {
      await producer?.disconnect();
    },
  };
};

const inBatches = (events: readonly OutboxEvent[]): OutboxEvent[][] => {
  const batches: OutboxEvent[][] = [];
  let room = 0;
  for (const event of events) {
    const size = event.payload.length + event.key.length;
    if (batches.length === 0 || size > room) {
      batches.push([]);
      room = BATCH_BYTES;
    }
    batches.at(-1)?.push(event);
    room -= size;
  }
  return batches;
};
