import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { EventsRefused, type Publisher } from './publisher.ts';

/** What ClickHouse says of a value that it cannot store: TOO_LARGE_STRING_SIZE. Its other errors may be about the table. */
const REFUSALS = new Set(['131']);

/**
 * Publishes straight into ClickHouse's bronze layer, where there is no broker: the same figures, without the
 * broker's buffer. The outbox then waits for ClickHouse as it would for the broker.
 */
export const directPublisher = (clickhouseUrl: string): Publisher => {
  const clickhouse: ClickHouse = connectClickHouse(clickhouseUrl, 'relay');
  return {
    publish: async (events) => {
      try {
        await clickhouse.insert(
          'bronze.inbox',
          events.map(({ id, key, payload }) => ({
            payload,
            topic: 'direct',
            partition: 0,
            offset: id,
            key,
            produced_at: new Date().toISOString(),
          })),
        );
      } catch (error) {
        const refusal = refusalOf(error);
        throw refusal === undefined ? error : new EventsRefused(refusal, { cause: error });
      }
    },
    close: () => clickhouse.close(),
  };
};

/** Why ClickHouse will never take these events; undefined when the error is about something else, such as its absence. */
export const refusalOf = (error: unknown): string | undefined => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && REFUSALS.has(String(cause.code))) return cause.message;
  }
  return undefined;
};
