import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';

/** What a run did. */
export interface Forgotten {
  /** Whether Postgres knew the customer, now or in a run that was interrupted. */
  known: boolean;
  /** Messages in bronze that named the customer. */
  messages: number;
}

const POLL_MS = 200;

/**
 * Replaces a customer's id by a random one in Postgres and ClickHouse. Numbers, totals and so all figures stay. Run again it
 * goes on where it stopped. For a customer whom Postgres does not know any more it deletes what ClickHouse still holds, e.g. after
 * the broker's topic was read again.
 *
 * @param customer the id, a UUID
 * @param waitMs how long the purchases may take through relay and broker
 * @throws when they take longer, or a store is away; run it again then
 */
export const forgetCustomer = async (
  db: Database,
  clickhouse: ClickHouse,
  customer: string,
  waitMs: number,
): Promise<Forgotten> => {
  // Nothing but a UUID gets into the statements below.
  const former = z.guid().parse(customer).toLowerCase();
  const given = await inPostgres(db, former);
  if (given !== undefined) await untilReplaced(clickhouse, former, waitMs);
  const messages = await inClickHouse(clickhouse, former, given);
  await db.query('delete from forgetting where customer_id = $1', [former]);
  return { known: given !== undefined, messages };
};

const idRow = z.object({ new_id: z.guid().nullable() });

/** The new id; undefined for a customer who is not there and is not being forgotten. */
const inPostgres = async (db: Database, former: string): Promise<string | undefined> => {
  const given = await db.query('select forget_customer($1) as new_id', [former]);
  const before = await db.query('select new_id from forgetting where customer_id = $1', [former]);
  const [id] = [...given.rows, ...before.rows].map((row) => idRow.parse(row).new_id).filter((each) => each !== null);
  // What was written before and waits still has the former id; what was sent instead follows it.
  for (const table of ['outbox', 'dead_letters']) {
    await db.query(`delete from ${table} where position($1 in lower(payload)) > 0`, [former]);
  }
  return id;
};

/** Resolves when ClickHouse counts no purchase of the former id any more. */
const untilReplaced = async (clickhouse: ClickHouse, former: string, waitMs: number): Promise<void> => {
  const end = Date.now() + waitMs;
  for (;;) {
    const { left } = await clickhouse.row({
      name: 'forget_waits',
      sql: 'SELECT count() AS left FROM silver.purchases FINAL WHERE customer_id = {former:UUID}',
      params: { former },
      row: z.object({ left: z.int() }),
      timeoutSeconds: 60,
    });
    if (left === 0) return;
    if (Date.now() > end) {
      throw new Error(
        `ClickHouse still counts ${left} purchases with the id: is the relay running? Run it again then.`,
      );
    }
    await delay(POLL_MS);
  }
};

/** Silver holds rows that others have replaced: they go. Bronze keeps its messages, with the new id where there is one. */
const inClickHouse = async (clickhouse: ClickHouse, former: string, given: string | undefined): Promise<number> => {
  const named = `positionCaseInsensitive(payload, '${former}') > 0`;
  const payload = `replaceRegexpAll(payload, '(?i)${former}', '${given}')`;
  const { messages } = await clickhouse.row({
    name: 'forget_messages',
    sql: `SELECT count() AS messages FROM bronze.events WHERE ${named}`,
    row: z.object({ messages: z.int() }),
    timeoutSeconds: 600,
  });
  const changes: [table: string, change: string][] = [
    [
      'bronze.events',
      given === undefined
        ? `DELETE WHERE ${named}`
        : `UPDATE payload = ${payload}, payload_hash = cityHash64(${payload}) WHERE ${named}`,
    ],
    ...['silver.purchases', 'silver.customers', 'silver.customer_branches', 'ops.reconciliation_findings'].map(
      (table): [string, string] => [table, `DELETE WHERE customer_id = '${former}'`],
    ),
  ];
  for (const [table, change] of changes) {
    await clickhouse.command(`ALTER TABLE ${table} ${change} SETTINGS mutations_sync = 0`);
    await untilMutated(clickhouse, table);
  }
  return messages;
};

/** Resolves when a table has no mutation under way; however large it is, no request is held open. */
const untilMutated = async (clickhouse: ClickHouse, table: string): Promise<void> => {
  for (;;) {
    const { running, fault } = await clickhouse.row({
      name: 'forget_mutations',
      sql: `SELECT count() AS running, max(latest_fail_reason) AS fault FROM system.mutations
            WHERE concat(database, '.', table) = {table:String} AND NOT is_done`,
      params: { table },
      row: z.object({ running: z.int(), fault: z.string() }),
    });
    if (fault !== '') throw new Error(`ClickHouse cannot change ${table}: ${fault}`);
    if (running === 0) return;
    await delay(POLL_MS);
  }
};
