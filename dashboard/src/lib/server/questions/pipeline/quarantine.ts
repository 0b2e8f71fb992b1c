import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

const COUNT = `SELECT count() AS count FROM ops.quarantine`;
const NEWEST = `
  SELECT toUnixTimestamp64Milli(ingested_at) AS at, event_type, arrayMap(reason -> toString(reason), dq_errors) AS reasons
  FROM ops.quarantine ORDER BY ingested_at DESC LIMIT 10`;

const row = z.object({ at: z.int(), event_type: z.string(), reasons: z.array(z.string()) });

/** Messages that no figure counts, and why; their content stays where it is. */
export const readQuarantine = async (clickhouse: ClickHouse, signal?: AbortSignal) => {
  const [{ count }, newest] = await Promise.all([
    clickhouse.row({ name: 'quarantine_count', sql: COUNT, row: z.object({ count: z.int() }), signal }),
    clickhouse.rows({ name: 'quarantine', sql: NEWEST, row, signal }),
  ]);
  return { count, newest: newest.map(({ at, ...found }) => ({ ingested_at: new Date(at).toISOString(), ...found })) };
};
