import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';
import type { Warnings } from '../../figures/figures.ts';
import type { ConsumerLag } from './consumer-lag.ts';

/** Whoever asks in between gets what was found: the question reads a column of the month. */
const EVERY_MS = 10_000;

const LATELY = `SELECT count() AS count FROM ops.quarantine WHERE ingested_at > now64(3, 'UTC') - INTERVAL 10 MINUTE`;

/** Reads what an operator should know of. Never fails: what cannot be found is null. */
export const warningsOf = (clickhouse: ClickHouse, lag: ConsumerLag | undefined): (() => Promise<Warnings>) => {
  let found: Promise<Warnings> | undefined;
  let readAt = 0;

  const read = async (): Promise<Warnings> => {
    const [quarantined, strangers] = await Promise.allSettled([
      clickhouse.row({
        name: 'quarantined lately',
        sql: LATELY,
        row: z.object({ count: z.int() }),
        timeoutSeconds: 3,
      }),
      lag?.strangers() ?? [],
    ]);
    return {
      quarantined_lately: quarantined.status === 'fulfilled' ? quarantined.value.count : null,
      strangers: strangers.status === 'fulfilled' ? strangers.value : null,
    };
  };

  return () => {
    if (found === undefined || Date.now() - readAt > EVERY_MS) {
      readAt = Date.now();
      found = read();
    }
    return found;
  };
};
