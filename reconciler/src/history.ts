import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/database';
import { z } from 'zod';
import { type CustomerScope, PAST_ALL_NUMBERS } from './customer-fact.ts';
import type { Subject } from './facts.ts';
import type { Healer } from './heal.ts';
import { now } from './postgres-changes.ts';
import { SLOT_SECONDS } from './purchase-scope.ts';
import type { Road } from './road.ts';
import { compareScope } from './settle.ts';
import type { Subjects } from './subjects.ts';
import { emptyTally, type Tally, take } from './tally.ts';

/** A stretch of history that was compared. */
export interface Stretch {
  tally: Tally;
  /** Whether it was the last one of its pass. */
  finished: boolean;
}

/** Compares all of history, stretch after stretch. */
export interface Pass {
  /** The scope it reports. */
  scope: 'purchases' | 'customers' | 'customer_branches';
  /** Compares the next stretch; after the last one the next pass begins. */
  step(): Promise<Stretch>;
}

/** The first slot a ClickHouse DateTime can hold, and the one past the last. */
const FIRST_SLOT = 0;
const PAST_ALL_SLOTS = Math.floor(2 ** 32 / SLOT_SECONDS) * SLOT_SECONDS;

/** A stretch ends with the slot in which either store has this many purchases: a day of busy shops, months of quiet ones. */
export const PURCHASES_PER_STRETCH = 10_000;
export const CUSTOMERS_PER_STRETCH = 20_000;

export const purchasesPass = (
  db: Database,
  clickhouse: ClickHouse,
  { purchases }: Subjects,
  road: Road,
  healer: Healer,
  settlingMs: number,
): Pass => {
  let fromSlot = FIRST_SLOT;
  return {
    scope: 'purchases',
    step: async () => {
      const recordedTo = (await now(db)) - settlingMs;
      const toSlot = Math.min(await endInPostgres(db, fromSlot), await endInClickHouse(clickhouse, fromSlot));
      const tally = emptyTally();
      const scope = { kind: 'sold' as const, fromSlot, toSlot, recordedTo };
      await take(tally, purchases, await compareScope(purchases, scope, road), healer);
      const finished = toSlot === PAST_ALL_SLOTS;
      fromSlot = finished ? FIRST_SLOT : toSlot;
      return { tally, finished };
    },
  };
};

export const customersPass = (
  db: Database,
  subject: Subject<CustomerScope, number>,
  scope: 'customers' | 'customer_branches',
  road: Road,
  healer: Healer,
): Pass => {
  let from = 0;
  return {
    scope,
    step: async () => {
      const { rows } = await db.query('select coalesce(max(number), 0) as highest from customers');
      const { highest } = z.object({ highest: z.coerce.number() }).parse(rows[0]);
      const to = from + CUSTOMERS_PER_STRETCH > highest ? PAST_ALL_NUMBERS : from + CUSTOMERS_PER_STRETCH;
      const tally = emptyTally();
      await take(tally, subject, await compareScope(subject, { from, to }, road), healer);
      const finished = to === PAST_ALL_NUMBERS;
      from = finished ? 0 : to;
      return { tally, finished };
    },
  };
};

/** The end of the slot of the nth purchase from a slot on. */
const endInPostgres = async (db: Database, fromSlot: number): Promise<number> => {
  const { rows } = await db.query(
    `select extract(epoch from date_bin('15 minutes', sold_at, timestamptz 'epoch'))::bigint as slot
     from purchases where sold_at >= to_timestamp($1) order by sold_at offset $2 limit 1`,
    [fromSlot, PURCHASES_PER_STRETCH],
  );
  return endOf(z.array(z.object({ slot: z.coerce.number() })).parse(rows)[0]);
};

const endInClickHouse = async (clickhouse: ClickHouse, fromSlot: number): Promise<number> => {
  const rows = await clickhouse.rows({
    name: 'reconciler: end of a stretch',
    sql: `SELECT toUnixTimestamp(purchases.slot) AS slot FROM silver.purchases
          WHERE purchases.slot >= toDateTime({from:UInt32}, 'UTC') ORDER BY purchases.slot LIMIT 1 OFFSET {n:UInt32}`,
    params: { from: fromSlot, n: PURCHASES_PER_STRETCH },
    row: z.object({ slot: z.number() }),
  });
  return endOf(rows[0]);
};

const endOf = (found: { slot: number } | undefined): number =>
  found === undefined ? PAST_ALL_SLOTS : found.slot + SLOT_SECONDS;
