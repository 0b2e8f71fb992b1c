import { z } from 'zod';
import type { Database } from './postgres/database.ts';
import { repeated } from './postgres/repeat.ts';

/** A purchase to record, structurally sound: ids, times and lengths are already in their form. */
export interface PurchaseInput {
  /** 1–255 printable characters, unique for its credential: the same key is the same purchase. */
  idempotency_key: string;
  /** Who chose the key: the id of an API key, {@link credentialOfBranch} without one, `loader` for files. */
  credential: string;
  /** SHA-256 of the canonical content, hex: the same key with another fingerprint is a conflict. */
  fingerprint: string;
  branch_id: string;
  customer_id: string | null;
  /** UTC instant; null means now, by Postgres's clock. */
  sold_at: string | null;
  /** Product ids in the order of the receipt. The next three go with them, one for one; absent where no item has such a thing. */
  items: string[];
  /** Decimal numbers, up to three decimals; absent or null: 1. */
  quantities?: (string | number | null)[];
  /** What the till says that an item costs, of products with an open price; null: the product's price. */
  unit_prices_minor?: (number | null)[];
  /** A receipt of history: `unit_prices_minor` are what was charged, whatever the catalog says. No till may say so. */
  any_price?: true;
  /** Discounts of single items; null: 0. */
  discounts_minor?: (number | null)[];
  /** Discount of the receipt as a whole, above 0. */
  discount_minor?: number;
  cashier?: string;
  /** The till's own. */
  receipt_number?: string;
  /** Absent: `pos`. */
  channel?: 'pos' | 'web';
  /** How it was paid; they add up to the total. */
  tenders?: { type: string; amount_minor: number }[];
  /** Refused when the prices add up to something else. */
  expected_total_minor?: number;
  /** Of the request that brings it; stored with the purchase and carried in its events. */
  request_id?: string;
  /** The span of that request (W3C Trace Context); carried in the event that tells of the purchase first. */
  traceparent?: string;
}

/** Those parts of a malformed purchase that can be read: Postgres says what is wrong with them and records nothing. */
export interface PurchaseCheck {
  idempotency_key: null;
  credential: null;
  fingerprint: null;
  branch_id: string | null;
  customer_id: null;
  sold_at: string | null;
  items: string[] | null;
  quantities?: (string | null)[];
  unit_prices_minor?: (number | null)[];
  discounts_minor?: (number | null)[];
  discount_minor?: number;
  tenders?: { type: string; amount_minor: number }[];
}

/** The credential of callers without an API key: their keys are told apart by branch. The id of a key has no colon. */
export const credentialOfBranch = (branchId: string): string => `branch:${branchId}`;

/** One thing that is wrong, with the JSON pointer of its place. */
export interface Fault {
  pointer: string;
  detail: string;
}

/** What became of a purchase. */
export type PurchaseOutcome =
  | { outcome: 'recorded' | 'replayed'; purchase_id: string }
  | { outcome: 'refused'; faults: Fault[] }
  | { outcome: 'conflict' };

/** The same with the answer to the till that brought it. */
export type PurchaseAnswer =
  | { outcome: 'recorded' | 'replayed'; purchase_id: string; body: string }
  | Exclude<PurchaseOutcome, { purchase_id: string }>;

const taken = z.object({ outcome: z.enum(['recorded', 'replayed']), purchase_id: z.string() });
/** As Postgres lists them. */
export const faults = z.array(z.object({ pointer: z.string(), detail: z.string() }));
const refused = z.object({ outcome: z.literal('refused'), faults });
const conflict = z.object({ outcome: z.literal('conflict') });
const outcomeRow = z.discriminatedUnion('outcome', [taken, refused, conflict]);
const answerRow = z.discriminatedUnion('outcome', [taken.extend({ body: z.string() }), refused, conflict]);

/**
 * Records purchases in one transaction and one round trip; each is answered by itself, in the order of the batch.
 * Safe to repeat: a purchase that is there already is `replayed`, with the body of the first answer.
 *
 * @param withNotify false for who tells the relays after the commit, so that transactions commit side by side
 * @throws what Postgres throws when it cannot be reached or the batch is malformed; then nothing was recorded,
 *   or (connection lost during commit) all of it was: repeat the call to find out
 */
export const recordPurchases = (
  db: Database,
  batch: readonly (PurchaseInput | PurchaseCheck)[],
  { withNotify = true } = {},
): Promise<PurchaseAnswer[]> => record(db, batch, { withBodies: true, withNotify }, answerRow);

/** {@link recordPurchases} for who does not read the bodies: they cost a tenth of it, and more for replays. */
export const recordWithoutBodies = (db: Database, batch: readonly PurchaseInput[]): Promise<PurchaseOutcome[]> =>
  record(db, batch, { withBodies: false, withNotify: true }, outcomeRow);

const record = async <Row>(
  db: Database,
  batch: readonly (PurchaseInput | PurchaseCheck)[],
  { withBodies, withNotify }: { withBodies: boolean; withNotify: boolean },
  row: z.ZodType<Row>,
): Promise<Row[]> => {
  if (batch.length === 0) return [];
  const query = {
    name: `record_purchases_${withBodies}_${withNotify}`,
    text: `select outcome, purchase_id, body, faults from record_purchases($1::jsonb, ${withBodies}, ${withNotify}) order by ordinal`,
    values: [JSON.stringify(batch)],
  };
  const { rows } = await repeated(() => db.query(query));
  return rows.map((found) => row.parse(found));
};
