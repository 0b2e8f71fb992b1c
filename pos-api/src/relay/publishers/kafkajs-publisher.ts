import { type Kafka, kafkajsOptions } from '@tillstream/schemas/kafka/kafka';
import { Kafka as Client } from '@tillstream/schemas/kafka/kafkajs';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { type ICustomPartitioner, logLevel, type Producer } from 'kafkajs';
import { EventsRefused, type OutboxEvent, type Publisher } from './publisher.ts';

/** A broker takes about 1 MB per record batch by default; a batch here stays well below it. */
const BATCH_BYTES = 600_000;
const ALL_IN_SYNC_REPLICAS = -1;

/**
 * What a broker says of a message that it will never take. Everything else (no leader, too few replicas, no such topic,
 * no right to write, a corrupted transmission) is about the broker or the way to it and may pass.
 */
const REFUSALS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_TIMESTAMP', 'INVALID_RECORD']);

/**
 * The `partition` of a message is only a number to be spread over those that the topic has: kafkajs drops messages
 * for a partition that does not exist, without a word.
 */
const overThePartitionsThereAre: ICustomPartitioner =
  () =>
  ({ message, partitionMetadata }) =>
    partitionMetadata[(message.partition ?? 0) % partitionMetadata.length]?.partitionId ?? 0;

/**
 * Publishes through kafkajs. Order does not matter downstream, so a batch goes to one partition whole and the
 * next batch to the next: fewer, larger writes than by key.
 *
 * @param requestTimeoutMs a broker that has not answered for so long is left for another
 */
export const kafkajsPublisher = (
  kafka: Kafka,
  topic: string = PURCHASES_TOPIC,
  requestTimeoutMs = 10_000,
): Publisher => {
  const { brokers: seeds, ...access } = kafkajsOptions(kafka);
  /**
   * A client that asks this one of the brokers for the others first. Without retries kafkajs asks no second one, and a new
   * client would begin with the same: were that broker away, all would seem to be.
   */
  const clientFrom = (seed: number) =>
    new Client({
      ...access,
      clientId: 'tillstream-relay',
      brokers: seeds.map((_, n) => seeds[(seed + n) % seeds.length] ?? ''),
      logLevel: logLevel.NOTHING,
      connectionTimeout: 3_000,
      requestTimeout: requestTimeoutMs,
      // The relay tries again by itself. A retry inside kafkajs counts a broker that has answered once as done, even when
      // it meanwhile leads a partition whose messages another broker has refused: they would be lost.
      retry: { retries: 0 },
    });
  let producer: Producer | undefined;
  let seed = Math.floor(Math.random() * seeds.length);
  let turn = Math.floor(Math.random() * 1_000);

  const connected = async () => {
    if (producer) return producer;
    const fresh = clientFrom(seed++).producer({
      allowAutoTopicCreation: false,
      createPartitioner: overThePartitionsThereAre,
    });
    try {
      await fresh.connect();
    } catch (error) {
      void fresh.disconnect().catch(() => undefined);
      throw error;
    }
    producer = fresh;
    return fresh;
  };

  const send = async (active: Producer, batches: OutboxEvent[][]) => {
    const messages = batches.flatMap((batch) => {
      const partition = turn++;
      return batch.map(({ key, payload, headers }) => ({
        key,
        value: payload,
        partition,
        ...(headers && { headers }),
      }));
    });
    const answers = await active.send({ topic, acks: ALL_IN_SYNC_REPLICAS, messages });
    if (answers.length === 0) throw new Error('the broker acknowledged nothing');
  };

  return {
    publish: async (events) => {
      const active = await connected();
      try {
        await send(active, inBatches(events));
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal) throw new EventsRefused(refusal, { cause: error });
        // What it knows of the cluster may be what is wrong: the next one asks anew.
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

/** Why the broker will never take these messages; undefined when the error is of another kind. */
export const refusalOf = (error: unknown): string | undefined => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // By its name: the classes of kafkajs's errors are no exports that an ES module sees.
    if (cause.name === 'KafkaJSProtocolError' && 'type' in cause && REFUSALS.has(String(cause.type))) {
      return `${cause.type}: ${cause.message}`;
    }
  }
  return undefined;
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
