import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

const count = z.number().int().min(0);

/** The answer of `GET /api/reconciliation`. */
export const reconciliation = z.object({
  /** When Postgres and ClickHouse were last compared, UTC; null before the first time. */
  checked_at: z.string().nullable(),
  /** Purchases in the last whole comparison of all history; of the running one before the first has ended. */
  compared: count,
  /** On their way from Postgres to ClickHouse when last compared: no difference. */
  in_flight: count,
  /** Found in Postgres and not in ClickHouse, and not healed; one that was healed still shows for half a minute. */
  lost: count,
  /** The same for what counts in ClickHouse and is not in Postgres (a purchase counted twice included). */
  extra: count,
  /** The same for purchases, customers, products and branches that both have, with other content. */
  different: count,
  /** Why nothing is healed that takes something away; empty while healing goes on. */
  healing_stopped: z.enum(['', 'restored', 'too many']),
});

export type Reconciliation = z.output<typeof reconciliation>;

/**
 * The newest result of the reconciler. A finding counts until it was healed or a whole comparison that began
 * later no longer has it, and for 30 seconds at least, so that a page that polls sees it.
 */
const SQL = `
WITH
    (SELECT max(pass_started_at) FROM ops.reconciliation WHERE scope = 'purchases' AND pass_finished) AS finished_pass,
    (SELECT max(pass_started_at) FROM ops.reconciliation WHERE scope = 'purchases') AS running_pass,
    (SELECT max(checked_at) FROM ops.reconciliation) AS newest,
    (
        SELECT (countIf(kind = 'lost'), countIf(kind = 'extra'), countIf(kind = 'different'))
        FROM
        (
            SELECT
                argMax(findings.kind, found_at) AS kind,
                argMax(findings.healed, found_at) AS is_healed,
                max(found_at) AS last_found,
                any(whole.since) AS since
            FROM ops.reconciliation_findings AS findings
            LEFT JOIN
            (
                SELECT scope, maxIf(pass_started_at, pass_finished) AS since
                FROM ops.reconciliation WHERE scope != 'recent' GROUP BY scope
            ) AS whole
            ON whole.scope = transform(findings.subject, ['purchase', 'customer', 'customer_branch', 'product', 'branch'],
                ['purchases', 'customers', 'customer_branches', 'catalog', 'catalog'], '')
            GROUP BY subject, purchase_id, customer_id, product_id, branch_id, slot
        )
        WHERE (NOT is_healed AND last_found >= since) OR last_found > now64(3, 'UTC') - INTERVAL 30 SECOND
    ) AS open
SELECT
    nullIf(newest, toDateTime64(0, 3, 'UTC')) AS checked_at,
    (SELECT sum(purchases) FROM ops.reconciliation
     WHERE scope = 'purchases' AND pass_started_at = if(toUnixTimestamp(finished_pass) = 0, running_pass, finished_pass)) AS compared,
    (SELECT max(in_flight) FROM ops.reconciliation WHERE scope = 'recent' AND checked_at = newest) AS in_flight,
    open.1 AS lost,
    open.2 AS extra,
    open.3 AS different,
    (SELECT max(healing_stopped) FROM ops.reconciliation WHERE checked_at = newest) AS healing_stopped`;

/** Reads the newest result in the shape of `GET /api/reconciliation`. Throws while ClickHouse is away. */
export const latestReconciliation = (clickhouse: ClickHouse, signal?: AbortSignal): Promise<Reconciliation> =>
  clickhouse.row({ name: 'reconciliation', sql: SQL, row: reconciliation, signal });
