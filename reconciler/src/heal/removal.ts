import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

/** Fewer than this are a fault of ClickHouse, however small the shop is. */
const FEW = 10;
/** More than this share of what was compared are none. */
const SHARE = 0.01;
/** What healing may take away in 24 hours, from however many comparisons. */
const MOST_A_DAY = 100;

/**
 * Whether so many facts that only ClickHouse has may be taken away. More are no fault of ClickHouse: Postgres has lost them.
 * To take them away would destroy the better copy, so a person decides.
 *
 * @param extra facts that only ClickHouse has
 * @param compared facts that were compared
 * @param takenAway facts that were taken away in the last 24 hours
 */
export const mayTakeAway = (extra: number, compared: number, takenAway: number): boolean =>
  extra <= Math.max(FEW, compared * SHARE) && extra + takenAway <= MOST_A_DAY;

/** How many facts healing has taken away in the last 24 hours. */
export const takenAwayLately = async (clickhouse: ClickHouse): Promise<number> =>
  (
    await clickhouse.row({
      name: 'reconciler: taken away lately',
      sql: `SELECT uniqExact(subject, purchase_id, customer_id, product_id, branch_id, slot) AS facts
            FROM ops.reconciliation_findings
            WHERE kind = 'extra' AND healed AND found_at > now64(3, 'UTC') - INTERVAL 1 DAY`,
      row: z.object({ facts: z.number() }),
    })
  ).facts;
