import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';
import type { Key } from '../facts/facts.ts';

/** More is a bulk load or a replay: the pass over all history compares that. */
const MOST_KEYS = 2_000;

/** How long an insert may take (ms) from its arrival until its rows are seen; a slower one is left to the pass over all history. */
const MARGIN_MS = 10_000;

const SQL = `
  SELECT toUnixTimestamp64Milli(now64(3)) AS now, (
    SELECT groupArray((seconds, branch, id)) FROM (
      SELECT DISTINCT toUnixTimestamp(slot) AS seconds, toString(branch_id) AS branch, toString(purchase_id) AS id
      FROM silver.purchases
      WHERE arrived_at >= fromUnixTimestamp64Milli({since:Int64}) AND recorded_at < fromUnixTimestamp64Milli({recordedFrom:Int64})
      LIMIT {limit:UInt32})) AS keys`;

const row = z.object({ now: z.int(), keys: z.array(z.tuple([z.int(), z.string(), z.string()])) });

/**
 * Names the purchases whose rows arrived in ClickHouse since the last call though they were not recorded lately: sold offline, sent
 * again, or wrong. Those recorded lately are compared by Postgres's window anyway. The first call names nothing.
 *
 * @returns a function of the moment (milliseconds since 1970) from which on purchases count as recorded lately
 */
export const changesInClickHouse = (clickhouse: ClickHouse): ((recordedFrom: number) => Promise<Key[]>) => {
  /** On ClickHouse's clock. */
  let until: number | undefined;
  return async (recordedFrom) => {
    const params = { since: (until ?? Date.now() + MARGIN_MS) - MARGIN_MS, recordedFrom, limit: MOST_KEYS };
    const { now, keys } = await clickhouse.row({ name: 'reconciler: arrivals', sql: SQL, params, row });
    const first = until === undefined;
    until = now;
    return first ? [] : keys.map(([slot, branch, id]) => ({ id, branch, slot }));
  };
};
