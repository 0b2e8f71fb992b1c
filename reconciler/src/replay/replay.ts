import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { type Kafka, kafkajsOptions } from '@tillstream/schemas/kafka/kafka';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { Kafka as Client, logLevel } from 'kafkajs';
import { groupOf } from '../pipeline/kafka.ts';
import { attachQueue } from '../pipeline/queue.ts';

/** A consumer that left may be counted as a member for a moment; one that died, until its session has timed out. */
const TIMEOUT_MS = 30_000;

/**
 * Lets ClickHouse read again all that the broker keeps of the topic. What it has already changes no figure: bronze keeps a
 * message once more, silver turns it away.
 *
 * @param signal ends it early; the queue is attached again all the same
 * @returns how many messages are read again
 * @throws when a store is away, or the signal aborts; the queue reads on from where it stood then
 */
export const replay = async (broker: Kafka, clickhouse: ClickHouse, signal: AbortSignal): Promise<number> => {
  const kafka = new Client({
    ...kafkajsOptions(broker),
    clientId: 'tillstream-replay',
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 5_000,
    retry: { retries: 1 },
  });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const groupId = await groupOf(clickhouse);
    const kept = await admin.fetchTopicOffsets(PURCHASES_TOPIC);
    await clickhouse.command('DETACH TABLE IF EXISTS bronze.queue SYNC');
    try {
      await untilAccepted(
        () =>
          admin.setOffsets({
            groupId,
            topic: PURCHASES_TOPIC,
            partitions: kept.map(({ partition, low }) => ({ partition, offset: low })),
          }),
        signal,
      );
    } finally {
      await attachQueue(clickhouse);
    }
    return kept.reduce((messages, { high, low }) => messages + Number(high) - Number(low), 0);
  } finally {
    await admin.disconnect();
  }
};

/** The broker moves a group only while nobody reads as it. */
const untilAccepted = async (move: () => Promise<unknown>, signal: AbortSignal): Promise<void> => {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      await move();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(500, undefined, { signal });
    }
  }
};
