import { z } from 'zod';
import type { Database } from './postgres/database.ts';
import { repeated } from './postgres/repeat.ts';
import { faults } from './record-purchases.ts';

/** What is taken back of a purchase, structurally sound. */
export interface ReturnInput {
  /** 1–255 printable characters, unique for its credential: the same key is the same return. Null: it is only checked. */
  idempotency_key: string | null;
  /** The id of the API key; null where keys are off: then keys are told apart by branch. */
  credential: string | null;
  /** SHA-256 of the canonical content, hex: the same key with another fingerprint is a conflict. */
  fingerprint: string;
  /** Where it is taken back; null: in the branch of the purchase. */
  branch_id: string | null;
  /** Product ids, each once. */
  items: string[];
  /** Of each of them: decimal numbers, up to three decimals. */
  quantities: string[];
  /** UTC instant; absent: now. Only a file knows another. */
  returned_at?: string;
  cashier: string | null;
  reason: string | null;
  request_id: string | null;
  /** Who records it, as `purchases.voided_by`; null: whoever is connected. */
  who: string | null;
}

const answer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.enum(['recorded', 'replayed']), return_id: z.string(), body: z.string() }),
  z.object({ outcome: z.literal('refused'), faults }),
  z.object({ outcome: z.enum(['conflict', 'voided']) }),
]);

/**
 * Takes back part or all of a purchase in one transaction. Safe to repeat: a return that is there already is `replayed`, with the
 * body of the first answer. Undefined when there is no such purchase.
 *
 * @throws what Postgres throws when it cannot be reached; then it was recorded or not: repeat the call to find out
 */
export const returnPurchase = async (
  db: Database,
  purchaseId: string,
  input: ReturnInput,
): Promise<z.output<typeof answer> | undefined> => {
  const query = {
    name: 'return_purchase',
    text: 'select outcome, return_id, body, faults from return_purchase($1, $2::jsonb)',
    values: [purchaseId, JSON.stringify(input)],
  };
  const { rows } = await repeated(() => db.query(query));
  return rows[0] === undefined ? undefined : answer.parse(rows[0]);
};
