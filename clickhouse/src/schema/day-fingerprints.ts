import { z } from 'zod';
import { clockOf, type ShopClock, shopDaySql } from '../calendar/shop-day.ts';
import type { ClickHouse } from '../client.ts';
import { FACT_HASH, MILESTONE_HASH } from './fact-hash.ts';

/** What the fingerprints of a table's business days are grouped by and summed of. */
const FINGERPRINTS = {
  purchases: { by: 'branch_id', hash: FACT_HASH },
  customer_milestones: { by: 'branch_id, milestone', hash: MILESTONE_HASH },
} as const;

export type FingerprintedTable = keyof typeof FINGERPRINTS;

/**
 * Gives a table of silver the fingerprints of what is stored, by business day, as a projection. They live in the parts of the rows and
 * appear with them. Another time zone or start of the day means another projection.
 *
 * @param stored the table's name in silver, where it is not that of `table`
 */
export const keepDayFingerprints = async (
  clickhouse: ClickHouse,
  table: FingerprintedTable,
  shop: ShopClock,
  stored: string = table,
): Promise<void> => {
  const day = shopDaySql(shop);
  const wanted = `facts_by_day_${clockOf(day)}`;
  const present = await clickhouse.rows({
    name: 'projections',
    sql: `SELECT name FROM system.projections
          WHERE database = 'silver' AND table = {table:String} AND startsWith(name, 'facts_by_day_')`,
    params: { table: stored },
    row: z.object({ name: z.string() }),
  });
  if (!present.some(({ name }) => name === wanted)) {
    const { by, hash } = FINGERPRINTS[table];
    await clickhouse.command(
      `ALTER TABLE silver.${stored} ADD PROJECTION ${wanted}
       (SELECT ${day}, ${by}, count(), sum(${hash}), max(toDate(slot)) GROUP BY ${day}, ${by})`,
    );
    await clickhouse.command(`ALTER TABLE silver.${stored} MATERIALIZE PROJECTION ${wanted}`);
  }
  for (const { name } of present.filter(({ name }) => name !== wanted)) {
    await clickhouse.command(`ALTER TABLE silver.${stored} DROP PROJECTION IF EXISTS ${name}`);
  }
};

/**
 * SQL of the fingerprints of business days as they are stored now, from that projection: day, `by`, rows, hash. `last_date` is there for the
 * planner alone: it takes that projection only for a column that the one by slot lacks.
 */
export const storedByDay = (table: FingerprintedTable, shopDay: string, where: string): string => {
  const { by, hash } = FINGERPRINTS[table];
  return `SELECT ${shopDay} AS day, ${by}, count() AS rows, sum(${hash}) AS hash, max(toDate(slot)) AS last_date
    FROM silver.${table} WHERE ${where} GROUP BY day, ${by} HAVING last_date >= '1970-01-01'`;
};
