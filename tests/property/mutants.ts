import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';
import * as model from './model.ts';
import type { Ask } from './questions.ts';

/*
 * Two usual ways to keep figures, as the property's own test: it must see that both are wrong.
 */

const TOTALS = `toUInt64(sum(purchases)) AS purchases, toUInt64(sum(items)) AS items, toInt64(sum(revenue_minor)) AS revenue_minor`;
const row = z.object({ purchases: z.int(), items: z.int(), revenue_minor: z.int() });
const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER };

const answer =
  (sql: string): Ask =>
  async (_gold, clickhouse, world) => {
    const { unique_customers: _, ...expected } = model.totals(model.inScope(world.arrived(), ALL));
    return { given: await clickhouse.row({ name: 'mutant', sql, row }), expected };
  };

/** Tables of the mutants; sums run from now on. */
export const makeMutants = async (clickhouse: ClickHouse): Promise<void> => {
  await clickhouse.command(
    `CREATE TABLE silver.mutant_sums (slot DateTime('UTC'), branch_id String, purchases Int64, items Int64, revenue_minor Int64)
     ENGINE = SummingMergeTree ORDER BY (slot, branch_id)`,
  );
  await clickhouse.command(
    `CREATE MATERIALIZED VIEW silver.mutant_sums_mv TO silver.mutant_sums AS
     SELECT slot, branch_id, sum(sign) AS purchases, sum(sign * units) AS items, sum(sign * total_minor) AS revenue_minor
     FROM (SELECT *, if(status = 'recorded', 1, -1) AS sign FROM silver.purchases) GROUP BY slot, branch_id`,
  );
};

/** A materialized view that adds each recorded purchase and subtracts each void. */
export const summing: Ask = answer(`SELECT ${TOTALS} FROM silver.mutant_sums`);

/** Sealed slots are believed for ever: a slot that ended some time ago is taken for final. */
export const byClock: Ask = answer(`
  SELECT ${TOTALS} FROM (
    SELECT purchases, items, revenue_minor FROM gold.sealed_slots FINAL
    UNION ALL
    SELECT count() AS purchases, sum(units) AS items, sum(total_minor) AS revenue_minor FROM gold.purchases
    WHERE (slot, branch_id) NOT IN (SELECT slot, branch_id FROM gold.sealed_slots)
  )`);
