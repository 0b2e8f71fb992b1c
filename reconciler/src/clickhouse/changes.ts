import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';
import type { Key } from '../facts/facts.ts';

/** Larger parts are a bulk load or a replay: the pass over all history compares those. */
const ROWS_PER_PART = 100_000;
const KEYS_PER_READ = 2_000;
/** Their names travel in the URL. */
const PARTS_PER_READ = 100;

const partRow = z.object({
  partition_id: z.string(),
  name: z.string(),
  first_block: z.number(),
  last_block: z.number(),
  rows: z.number(),
});

/**
 * Names the purchases whose rows were inserted into ClickHouse since the last call though they were not recorded lately:
 * sold offline, sent again, or wrong. Those recorded lately are compared by Postgres's window anyway. An inserted part
 * that has been merged with older ones already is left to the pass over all history. The first call names nothing.
 *
 * @returns a function of the moment (milliseconds since 1970) from which on purchases count as recorded lately
 */
export const changesInClickHouse = (clickhouse: ClickHouse): ((recordedFrom: number) => Promise<Key[]>) => {
  /** The last block seen in each partition: each insert gets a higher one, a merge keeps those of its parts. */
  let seen: Map<string, number> | undefined;

  return async (recordedFrom) => {
    const parts = await clickhouse.rows({
      name: 'reconciler: parts',
      sql: `SELECT partition_id, name, min_block_number AS first_block, max_block_number AS last_block, rows
            FROM system.parts WHERE database = 'silver' AND table = 'purchases' AND active`,
      row: partRow,
    });
    const before = seen;
    seen = new Map();
    for (const { partition_id, last_block } of parts) {
      seen.set(partition_id, Math.max(last_block, seen.get(partition_id) ?? 0));
    }
    if (before === undefined) return [];
    const fresh = parts.filter(
      ({ partition_id, first_block, rows }) => first_block > (before.get(partition_id) ?? -1) && rows <= ROWS_PER_PART,
    );
    return fresh.length === 0
      ? []
      : keysIn(
          fresh.slice(0, PARTS_PER_READ).map(({ name }) => name),
          recordedFrom,
        );
  };

  async function keysIn(parts: string[], recordedFrom: number): Promise<Key[]> {
    const rows = await clickhouse.rows({
      name: 'reconciler: purchases in new parts',
      sql: `SELECT DISTINCT toUnixTimestamp(slot) AS seconds, branch_id, purchase_id FROM silver.purchases
            WHERE _part IN {parts:Array(String)} AND recorded_at < fromUnixTimestamp64Milli({recordedFrom:Int64})
            LIMIT {limit:UInt32}`,
      params: { parts, recordedFrom, limit: KEYS_PER_READ },
      row: z.object({ seconds: z.number(), branch_id: z.string(), purchase_id: z.string() }),
    });
    return rows.map((row) => ({ id: row.purchase_id, branch: row.branch_id, slot: row.seconds }));
  }
};
