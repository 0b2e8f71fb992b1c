import { randomInt } from 'node:crypto';
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
  const former = z.guid().parse(customer).toLowerCase();
  const given = await inPostgres(db, former);
  const run = randomInt(2 ** 47);
  await clickhouse.insert('ops.forgetting', [{ run, former, given: given ?? null }]);
  if (given !== undefined) await untilReplaced(clickhouse, run, await salesOf(db, given), waitMs);
  const messages = await inClickHouse(clickhouse, run, given !== undefined);
  await dropRuns(clickhouse, run);
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
  // What a file said beside a sale may name a person. In two halves, each by its index.
  for (const half of ['is null', 'is not null']) {
    await db.query(
      `delete from purchase_columns where purchase_id in
         (select purchase_id from purchases where customer_id = $1 and voided_at ${half})`,
      [id],
    );
  }
  return id;
};

/** The rows of `ops.forgetting` that a run wrote: the id stands there and in no statement. */
const rowsOf = (run: number) => `ops.forgetting WHERE run = ${run}`;
/** The former id or the new one as a constant of a statement. */
const idOf = (run: number, which: 'former' | 'given') =>
  `assumeNotNull((SELECT toString(any(${which})) FROM ${rowsOf(run)}))`;

/** How many purchases a customer has, void ones included. In two halves, each by its index. */
const salesOf = async (db: Database, customer: string): Promise<number> => {
  const half = (which: string) => `(select count(*) from purchases where customer_id = $1 and voided_at ${which})`;
  const { rows } = await db.query(`select (${half('is null')} + ${half('is not null')})::int as sales`, [customer]);
  return z.object({ sales: z.int() }).parse(rows[0]).sales;
};

/**
 * Resolves when ClickHouse counts all purchases under the new id and none under the former. An event of a sale never overtakes the one
 * before it of the same sale, so no event with the former id is on its way then.
 */
const untilReplaced = async (clickhouse: ClickHouse, run: number, sales: number, waitMs: number): Promise<void> => {
  const end = Date.now() + waitMs;
  for (;;) {
    const { former, given } = await clickhouse.row({
      name: 'forget_waits',
      sql: `SELECT countIf(toString(customer_id) = ${idOf(run, 'former')}) AS former,
              countIf(toString(customer_id) = ${idOf(run, 'given')} AND kind = 'sale') AS given
            FROM silver.purchases FINAL
            WHERE customer_id IN (SELECT arrayJoin([former, assumeNotNull(given)]) FROM ${rowsOf(run)})`,
      row: z.object({ former: z.int(), given: z.int() }),
      timeoutSeconds: 60,
    });
    if (former === 0 && given >= sales) return;
    if (Date.now() > end) {
      throw new Error(
        `ClickHouse counts ${former} purchases with the id and ${given} of ${sales} without: is the relay running? Run it again then.`,
      );
    }
    await delay(POLL_MS);
  }
};

/** Silver holds rows that others have replaced: they go. Bronze keeps its messages, with the new id where there is one. */
const inClickHouse = async (clickhouse: ClickHouse, run: number, replaced: boolean): Promise<number> => {
  const former = idOf(run, 'former');
  const named = (column: string) => `positionCaseInsensitive(${column}, ${former}) > 0`;
  const payload = `replaceRegexpAll(payload, concat('(?i)', ${former}), ${idOf(run, 'given')})`;
  const { messages } = await clickhouse.row({
    name: 'forget_messages',
    sql: `SELECT count() AS messages FROM bronze.events WHERE ${named('payload')}`,
    row: z.object({ messages: z.int() }),
    timeoutSeconds: 600,
  });
  const ofCustomer = `customer_id IN (SELECT former FROM ${rowsOf(run)})`;
  const changes: [table: string, change: string][] = [
    [
      'bronze.events',
      replaced
        ? `UPDATE payload = ${payload}, payload_hash = cityHash64(${payload}) WHERE ${named('payload')}`
        : `DELETE WHERE ${named('payload')}`,
    ],
    ['silver.purchases', `DELETE WHERE ${ofCustomer}`],
    ['silver.customers', `DELETE WHERE ${ofCustomer}`],
    ['silver.customer_branches', `DELETE WHERE ${ofCustomer}`],
    // A finding about a purchase names its customer in what either store had.
    ['ops.reconciliation_findings', `DELETE WHERE ${ofCustomer} OR ${named('clickhouse')} OR ${named('postgres')}`],
  ];
  for (const [table, change] of changes) {
    await clickhouse.command(`ALTER TABLE ${table} ${change} SETTINGS mutations_sync = 0`);
    await untilMutated(clickhouse, table);
  }
  return messages;
};

/** Drops what a run wrote down, and what runs for the same customer did that were interrupted. */
const dropRuns = async (clickhouse: ClickHouse, run: number): Promise<void> => {
  const runs = await clickhouse.rows({
    name: 'forget_runs',
    sql: `SELECT DISTINCT run FROM ops.forgetting WHERE former IN (SELECT former FROM ${rowsOf(run)})`,
    row: z.object({ run: z.int() }),
  });
  for (const each of runs) await clickhouse.command(`ALTER TABLE ops.forgetting DROP PARTITION ${each.run}`);
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
