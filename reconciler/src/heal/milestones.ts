import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { CustomerScope } from '../facts/customer-fact.ts';

const SNAPSHOTS = {
  customers: { table: 'silver.customers', branch: "''", ofBranch: "branch_id = ''" },
  customer_branches: { table: 'silver.customer_branches', branch: 'toString(branch_id)', ofBranch: "branch_id != ''" },
} as const;

const SLOT_OF = (moment: string) => `toStartOfFifteenMinutes(toDateTime(${moment}, 'UTC'))`;

/**
 * Milestones that are active where the customer's snapshot has none, or missing where it has one. Each is written again with the snapshot's
 * revision: a row of a later event still wins, so an event that arrives meanwhile does no harm.
 */
const sql = ({ table, branch, ofBranch }: (typeof SNAPSHOTS)[keyof typeof SNAPSHOTS]): string => `
  SELECT place.branch, place.milestone, place.slot, place.number, place.moment, place.is_expected, snapshots.revision
  FROM (
    SELECT branch, milestone, slot, number, max(at) AS moment, max(expected) AS is_expected, max(is_active) AS was_active
    FROM (
      SELECT toString(branch_id) AS branch, toString(milestone) AS milestone, slot, customer_number AS number,
        argMax(moment, revision) AS at, false AS expected, argMax(active, revision) AS is_active
      FROM silver.customer_milestones
      WHERE ${ofBranch} AND customer_number >= {from:UInt64} AND customer_number < {to:UInt64}
      GROUP BY branch_id, milestone, slot, customer_number
      UNION ALL
      SELECT branch, told.1 AS milestone, ${SLOT_OF('assumeNotNull(told.2)')} AS slot, number, assumeNotNull(told.2) AS at, true, false
      FROM (
        SELECT ${branch} AS branch, number, arrayJoin([('first', first_sold_at), ('loyal', loyal_since)]) AS told
        FROM ${table} FINAL WHERE number >= {from:UInt64} AND number < {to:UInt64}
      )
      WHERE told.2 IS NOT NULL
    )
    GROUP BY branch, milestone, slot, number
    HAVING is_expected != was_active
  ) AS place
  INNER JOIN (
    SELECT ${branch} AS branch, number, revision FROM ${table} FINAL WHERE number >= {from:UInt64} AND number < {to:UInt64}
  ) AS snapshots ON snapshots.branch = place.branch AND snapshots.number = place.number`;

/**
 * Makes the milestones of customers in ClickHouse equal to their snapshots there, which the reconciler holds against Postgres. They differ
 * where an event was lost for good between two others.
 *
 * @returns how many rows were written
 */
export const healMilestones = (
  clickhouse: ClickHouse,
  of: keyof typeof SNAPSHOTS,
  { from, to }: CustomerScope,
): Promise<number> =>
  clickhouse.insertSelect({
    name: 'reconciler: milestones',
    table: 'silver.customer_milestones (branch_id, milestone, slot, customer_number, moment, active, revision)',
    select: sql(SNAPSHOTS[of]),
    params: { from, to },
    timeoutSeconds: 60,
  });
