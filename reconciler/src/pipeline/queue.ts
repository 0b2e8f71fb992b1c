import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

/** A replay detaches the queue for less than this; a queue that is detached for longer was left behind by one that died. */
const LONGEST_REPLAY_MS = 60_000;

/** Lets ClickHouse read the topic on. Does nothing when it does. */
export const attachQueue = (clickhouse: ClickHouse): Promise<void> =>
  clickhouse.command('ATTACH TABLE IF NOT EXISTS bronze.queue');

const isDetached = async (clickhouse: ClickHouse): Promise<boolean> =>
  (
    await clickhouse.row({
      name: 'reconciler: detached queue',
      sql: `SELECT count() > 0 AS detached FROM system.detached_tables WHERE database = 'bronze' AND \`table\` = 'queue'`,
      row: z.object({ detached: z.coerce.boolean() }),
    })
  ).detached;

/**
 * Attaches the queue again when a replay that was killed has left it detached: no figure would change any more.
 *
 * @param waitMs how long it must have been seen detached
 * @returns a function to call now and then; it answers whether it attached the queue
 */
export const queueKeeper = (clickhouse: ClickHouse, waitMs: number = LONGEST_REPLAY_MS): (() => Promise<boolean>) => {
  let detachedSince: number | undefined;
  return async () => {
    if (!(await isDetached(clickhouse))) {
      detachedSince = undefined;
      return false;
    }
    detachedSince ??= performance.now();
    if (performance.now() - detachedSince < waitMs) return false;
    await attachQueue(clickhouse);
    detachedSince = undefined;
    return true;
  };
};
