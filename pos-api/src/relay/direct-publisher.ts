import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import type { Publisher } from './publisher.ts';

/**
 * Publishes straight into ClickHouse's bronze layer, where there is no broker: the same figures, without the
 * broker's buffer. The outbox then waits for ClickHouse as it would for the broker.
 */
export const directPublisher = (clickhouseUrl: string): Publisher => {
  const clickhouse: ClickHouse = connectClickHouse(clickhouseUrl, 'relay');
  return {
    publish: (events) =>
      clickhouse.insert(
        'bronze.inbox',
        events.map(({ id, key, payload }) => ({
          payload,
          topic: 'direct',
          partition: 0,
          offset: id,
          key,
          produced_at: new Date().toISOString(),
        })),
      ),
    close: () => clickhouse.close(),
  };
};
