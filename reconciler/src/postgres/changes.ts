import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';
import type { Key } from '../facts/facts.ts';
import { lowestIdAt } from '../facts/purchase-scope.ts';

/** What is older than this is left to the pass over all history. */
const LONGEST_WINDOW_MS = 600_000;
/** The window of a reconciler that has just started. */
const FIRST_WINDOW_MS = 60_000;
const PURCHASES_PER_WINDOW = 10_000;
const CUSTOMERS_PER_WINDOW = 2_000;
const VOIDED_PER_WINDOW = 2_000;

const whole = z.coerce.number();

/** A chunk of recording time, `[from, to)` in milliseconds since 1970, by Postgres's clock. */
export interface Window {
  from: number;
  to: number;
}

/** Postgres's clock, milliseconds since 1970. */
export const now = async (db: Database): Promise<number> => {
  const { rows } = await db.query('select (extract(epoch from clock_timestamp()) * 1000)::bigint as now');
  return z.object({ now: whole }).parse(rows[0]).now;
};

/**
 * The window that follows: from where the last one ended, or the newest purchases when those are too many, to a few
 * seconds (`settlingMs`) ago. What a bulk load skips in this way is left to the pass over all history.
 */
export const nextWindow = async (db: Database, wanted: number | undefined, settlingMs: number): Promise<Window> => {
  const to = (await now(db)) - settlingMs;
  const from = Math.min(Math.max(wanted ?? to - FIRST_WINDOW_MS, to - LONGEST_WINDOW_MS), to);
  const { rows } = await db.query(
    `select (extract(epoch from recorded_at) * 1000)::bigint as moment from purchases
     where purchase_id >= $1::uuid order by purchase_id desc offset $2 limit 1`,
    [lowestIdAt(from), PURCHASES_PER_WINDOW],
  );
  const [tooMany] = z.array(z.object({ moment: whole })).parse(rows);
  return { from: Math.min(Math.max(from, tooMany?.moment ?? 0), to), to };
};

/** What was recorded, voided or returned in a window. */
export interface Changes {
  /** Slots of what was recorded. */
  slots: number[];
  /** Purchases that were recorded before and have changed: voided, or something came back. */
  revised: Key[];
  customers: Key[];
  customerBranches: Key[];
}

const changeRow = z.object({
  slot: whole,
  branch_id: z.string(),
  customer_id: z.string().nullable(),
  changed_id: z.string().nullable(),
});

export const changesInPostgres = async (db: Database, from: number, to: number): Promise<Changes> => {
  const { rows } = await db.query(
    `select distinct extract(epoch from date_bin('15 minutes', sold_at, timestamptz 'epoch'))::bigint as slot,
       branch_id, customer_id, null::uuid as changed_id
     from purchases where purchase_id >= $1::uuid
       and recorded_at >= to_timestamp($2::float8 / 1000) and recorded_at < to_timestamp($3::float8 / 1000)
     union all
     (select extract(epoch from date_bin('15 minutes', sold_at, timestamptz 'epoch'))::bigint, branch_id, customer_id, purchase_id
      from purchases
      where voided_at >= to_timestamp($2::float8 / 1000) and voided_at < to_timestamp($3::float8 / 1000)
      order by voided_at limit $4)
     union all
     select extract(epoch from date_bin('15 minutes', fact.at, timestamptz 'epoch'))::bigint, fact.branch_id, fact.customer_id, fact.changed_id
     from returns r join purchases p on p.purchase_id = r.purchase_id
     cross join lateral (values (r.returned_at, r.branch_id, null::uuid, null::uuid), (p.sold_at, p.branch_id, p.customer_id, p.purchase_id))
       as fact (at, branch_id, customer_id, changed_id)
     where r.return_id >= $1::uuid
       and r.recorded_at >= to_timestamp($2::float8 / 1000) and r.recorded_at < to_timestamp($3::float8 / 1000)`,
    [lowestIdAt(from - 1_000), from, to, VOIDED_PER_WINDOW],
  );
  const slots = new Set<number>();
  const revised: Key[] = [];
  const customers = new Map<string, Key>();
  const customerBranches = new Map<string, Key>();
  for (const row of rows) {
    const { slot, branch_id: branch, customer_id, changed_id } = changeRow.parse(row);
    if (changed_id === null) slots.add(slot);
    else revised.push({ id: changed_id, branch, slot });
    if (customer_id === null) continue;
    if (customers.size < CUSTOMERS_PER_WINDOW)
      customers.set(customer_id, { id: customer_id, branch: null, slot: null });
    if (customerBranches.size < CUSTOMERS_PER_WINDOW) {
      customerBranches.set(`${customer_id} ${branch}`, { id: customer_id, branch, slot: null });
    }
  }
  return {
    slots: [...slots],
    revised,
    customers: [...customers.values()],
    customerBranches: [...customerBranches.values()],
  };
};
