import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

const SQL = `
  SELECT toUnixTimestamp(toStartOfFiveMinutes(ingested_at)) AS start, count() AS events,
    quantiles(0.5, 0.95)(greatest(0, toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(event_time))) AS waits
  FROM bronze.events
  WHERE ingested_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND dq_status = 'ok'
    AND event_type = 'pos.purchase.recorded.v1' AND event_time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
  GROUP BY start ORDER BY start`;

const row = z.object({ start: z.int(), events: z.int(), waits: z.tuple([z.number(), z.number()]) });

/**
 * Sales that were recorded and arrived since then, by five minutes, and how long they were under way (ms). Sales of long ago that
 * are sent again, or come from a stranger, say nothing of how fast sales arrive.
 */
export const readArrivals = async (clickhouse: ClickHouse, since: number, signal?: AbortSignal) => {
  const rows = await clickhouse.rows({ name: 'arrivals', sql: SQL, params: { since }, row, signal });
  return rows.map(({ start, events, waits }) => ({
    start: new Date(start * 1000).toISOString(),
    events,
    p50_ms: Math.round(waits[0]),
    p95_ms: Math.round(waits[1]),
  }));
};
