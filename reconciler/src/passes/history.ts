import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';
import { compareScope } from '../compare/compare.ts';
import { type CustomerScope, PAST_ALL_NUMBERS } from '../facts/customer-fact.ts';
import type { Subject } from '../facts/facts.ts';
import { SLOT_SECONDS } from '../facts/purchase-scope.ts';
import type { Healer } from '../heal/healer.ts';
import { healMilestones } from '../heal/milestones.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { now } from '../postgres/changes.ts';
import type { Subjects } from './subjects.ts';
import { addComparison, emptySummary, type Summary } from './summary.ts';

/** A chunk of history that was compared. */
export interface Chunk {
  summary: Summary;
  /** Whether it was the last one of its pass. */
  finished: boolean;
}

/** Compares all of history, chunk after chunk. */
export interface Pass {
  /** The scope it reports. */
  scope: 'purchases' | 'customers' | 'customer_branches' | 'catalog';
  /** Compares the next chunk; after the last one the next pass begins. */
  step(): Promise<Chunk>;
}

/** The first slot a ClickHouse DateTime can hold, and the one past the last. */
const FIRST_SLOT = 0;
const PAST_ALL_SLOTS = Math.floor(2 ** 32 / SLOT_SECONDS) * SLOT_SECONDS;

/** A chunk ends with the slot in which either store has this many purchases: a day of busy shops, months of quiet ones. */
const PURCHASES_PER_CHUNK = 10_000;
const CUSTOMERS_PER_CHUNK = 20_000;

const purchasesPass = (
  db: Database,
  clickhouse: ClickHouse,
  { purchases }: Subjects,
  pipeline: Pipeline,
  healer: Healer,
  settlingMs: number,
): Pass => {
  let fromSlot = FIRST_SLOT;
  return {
    scope: 'purchases',
    step: async () => {
      const recordedTo = (await now(db)) - settlingMs;
      const toSlot = Math.min(await endInPostgres(db, fromSlot), await endInClickHouse(clickhouse, fromSlot));
      const summary = emptySummary();
      const scope = { kind: 'sold' as const, fromSlot, toSlot, recordedTo };
      await addComparison(summary, purchases, await compareScope(purchases, scope, pipeline), healer);
      const finished = toSlot === PAST_ALL_SLOTS;
      fromSlot = finished ? FIRST_SLOT : toSlot;
      return { summary, finished };
    },
  };
};

const customersPass = (
  db: Database,
  subject: Subject<CustomerScope, number>,
  scope: 'customers' | 'customer_branches',
  pipeline: Pipeline,
  healer: Healer,
  healed: (range: CustomerScope) => Promise<unknown>,
): Pass => {
  let from = 0;
  return {
    scope,
    step: async () => {
      const { rows } = await db.query('select coalesce(max(number), 0) as highest from customers');
      const { highest } = z.object({ highest: z.coerce.number() }).parse(rows[0]);
      const to = from + CUSTOMERS_PER_CHUNK > highest ? PAST_ALL_NUMBERS : from + CUSTOMERS_PER_CHUNK;
      const summary = emptySummary();
      await addComparison(summary, subject, await compareScope(subject, { from, to }, pipeline), healer);
      if (healer.stopped() === '') await healed({ from, to });
      const finished = to === PAST_ALL_NUMBERS;
      from = finished ? 0 : to;
      return { summary, finished };
    },
  };
};

/** Products and branches: all of them in one step. */
const catalogPass = ({ products, branches }: Subjects, pipeline: Pipeline, healer: Healer): Pass => ({
  scope: 'catalog',
  step: async () => {
    const summary = emptySummary();
    for (const subject of [products, branches]) {
      await addComparison(summary, subject, await compareScope(subject, 'all', pipeline), healer);
    }
    return { summary, finished: true };
  },
});

/** All passes, which together compare everything that both stores hold. */
export const passesOver = (
  db: Database,
  clickhouse: ClickHouse,
  subjects: Subjects,
  pipeline: Pipeline,
  healer: Healer,
  settlingMs: number,
  healsMilestones: boolean,
): Pass[] => [
  purchasesPass(db, clickhouse, subjects, pipeline, healer, settlingMs),
  ...(['customers', 'customer_branches'] as const).map((of) =>
    customersPass(
      db,
      of === 'customers' ? subjects.customers : subjects.customerBranches,
      of,
      pipeline,
      healer,
      async (range) => healsMilestones && healMilestones(clickhouse, of, range),
    ),
  ),
  catalogPass(subjects, pipeline, healer),
];

/** The end of the slot of the nth purchase from a slot on. */
const endInPostgres = async (db: Database, fromSlot: number): Promise<number> => {
  const { rows } = await db.query(
    `select extract(epoch from date_bin('15 minutes', sold_at, timestamptz 'epoch'))::bigint as slot
     from purchases where sold_at >= to_timestamp($1) order by sold_at offset $2 limit 1`,
    [fromSlot, PURCHASES_PER_CHUNK],
  );
  return endOf(z.array(z.object({ slot: z.coerce.number() })).parse(rows)[0]);
};

const endInClickHouse = async (clickhouse: ClickHouse, fromSlot: number): Promise<number> => {
  const rows = await clickhouse.rows({
    name: 'reconciler: end of a chunk',
    sql: `SELECT toUnixTimestamp(purchases.slot) AS slot FROM silver.purchases
          WHERE purchases.slot >= toDateTime({from:UInt32}, 'UTC') ORDER BY purchases.slot LIMIT 1 OFFSET {n:UInt32}`,
    params: { from: fromSlot, n: PURCHASES_PER_CHUNK },
    row: z.object({ slot: z.number() }),
  });
  return endOf(rows[0]);
};

const endOf = (found: { slot: number } | undefined): number =>
  found === undefined ? PAST_ALL_SLOTS : found.slot + SLOT_SECONDS;
