import { z } from 'zod';
import type { Database } from './postgres/database.ts';
import { repeated } from './postgres/repeat.ts';
import { faults } from './record-purchases.ts';
import type { ReturnInput } from './return-purchase.ts';

/** A return that a file tells of, structurally sound; which purchase it is of is not known yet. */
export interface FileReturn
  extends Omit<ReturnInput, 'idempotency_key' | 'credential' | 'branch_id' | 'request_id' | 'reason'> {
  idempotency_key: string;
  credential: string;
  branch_id: string;
  /** The number of the receipt that it is of; null where the file does not say. */
  original: string | null;
  /** Its own number. */
  receipt_number: string;
  customer_id: string | null;
  /** UTC instant. */
  returned_at: string;
  /** What the file says was given back. */
  expected_total_minor: number;
}

const total_minor = z.coerce.number();
const answer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.enum(['recorded', 'replayed']), total_minor }),
  z.object({ outcome: z.literal('refused'), faults }),
  z.object({ outcome: z.literal('conflict') }),
]);

/** What became of a return; `total_minor` is what was given back. */
export type ReturnOutcome = z.output<typeof answer>;

/**
 * Finds the purchases that a return of a file is of and records it, all of it or nothing. Safe to repeat: one that is there already is
 * `replayed`. Throws what Postgres throws when it cannot be reached; then repeat the call to find out.
 */
export const returnOfFile = async (db: Database, given: FileReturn): Promise<ReturnOutcome> => {
  const query = {
    name: 'return_of_file',
    text: 'select outcome, total_minor, faults from return_of_file($1::jsonb)',
    values: [JSON.stringify(given)],
  };
  const { rows } = await repeated(() => db.query(query));
  return answer.parse(rows[0]);
};
