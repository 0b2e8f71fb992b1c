import type { ClickHouse } from '@tillstream/clickhouse/client';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { z } from 'zod';

/** What a partition holds that ClickHouse has read: the offsets `[low, read)`. */
export interface ReadOffsets {
  partition: number;
  low: number;
  read: number;
}

/** Offsets `[from, to)` of a partition. */
interface Range {
  partition: number;
  from: number;
  to: number;
}
const wholeNumbers = z.object({ partition: z.int(), from: z.int(), to: z.int() });

/** Offsets that one call goes through at most in a partition. */
const OFFSETS_PER_CALL = 500_000;
/** More than this among them are no empty messages: bronze has lost some, and purchases are compared besides. */
const MOST_EMPTY = 10_000;

/**
 * Finds the messages that ClickHouse has read and bronze does not hold, and writes them there without content. Those are null and
 * empty messages: ClickHouse's Kafka engine makes no row of them. Bronze then holds every offset, and they are in quarantine.
 * The first call leaves what lies before the first offset in bronze: an earlier ClickHouse read it.
 *
 * @returns a function to call now and then; it answers how many it wrote
 */
export const emptyMessages = (
  clickhouse: ClickHouse,
  readOffsets: () => Promise<ReadOffsets[]>,
): (() => Promise<number>) => {
  /** Up to where each partition was gone through. */
  const done = new Map<number, number>();

  /** How many offsets of each range bronze holds. One statement for all of them: mostly none is missing. */
  const heldIn = async (ranges: readonly Range[]): Promise<Map<number, number>> => {
    const texts = ranges.map((range) => {
      const { partition, from, to } = wholeNumbers.parse(range);
      return `partition = ${partition} AND offset >= ${from} AND offset < ${to}`;
    });
    const rows = await clickhouse.rows({
      name: 'reconciler: offsets held',
      sql: `SELECT partition, uniqExact(offset) AS held FROM bronze.events
            WHERE topic = {topic:String} AND (${texts.join(' OR ')}) GROUP BY partition`,
      params: { topic: PURCHASES_TOPIC },
      row: z.object({ partition: z.number(), held: z.number() }),
    });
    return new Map(rows.map(({ partition, held }) => [partition, held]));
  };

  const missingIn = async (partition: number, from: number, to: number, isSeen: boolean): Promise<number[]> => {
    const rows = await clickhouse.rows({
      name: 'reconciler: empty messages',
      sql: `SELECT number AS offset FROM numbers({from:UInt64}, {to:UInt64} - {from:UInt64})
            WHERE number NOT IN (
              SELECT offset FROM bronze.events WHERE topic = {topic:String} AND partition = {partition:UInt32}
                AND offset >= {from:UInt64} AND offset < {to:UInt64})
              AND ({isSeen:Bool} OR number > (
                SELECT min(offset) FROM bronze.events WHERE topic = {topic:String} AND partition = {partition:UInt32}))
            LIMIT {limit:UInt32}`,
      params: { from, to, partition, isSeen, topic: PURCHASES_TOPIC, limit: MOST_EMPTY + 1 },
      row: z.object({ offset: z.number() }),
    });
    return rows.length > MOST_EMPTY ? [] : rows.map(({ offset }) => offset);
  };

  return async () => {
    const ranges: Range[] = [];
    for (const { partition, low, read } of await readOffsets()) {
      const from = Math.max(low, done.get(partition) ?? 0);
      const to = Math.min(read, from + OFFSETS_PER_CALL);
      if (to > from) ranges.push({ partition, from, to });
      else done.set(partition, from);
    }
    if (ranges.length === 0) return 0;
    const held = await heldIn(ranges);
    let written = 0;
    for (const { partition, from, to } of ranges) {
      if (held.get(partition) !== to - from) {
        const offsets = await missingIn(partition, from, to, done.has(partition));
        if (offsets.length > 0) {
          const produced_at = new Date().toISOString();
          await clickhouse.insert(
            'bronze.inbox',
            offsets.map((offset) => ({ payload: '', topic: PURCHASES_TOPIC, partition, offset, key: '', produced_at })),
          );
        }
        written += offsets.length;
      }
      done.set(partition, to);
    }
    return written;
  };
};
