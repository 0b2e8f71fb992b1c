import { z } from 'zod';
import type { Digest, Fact } from './facts.ts';

/** A chunk of customer numbers, `[from, to)`. */
export interface CustomerScope {
  from: number;
  to: number;
}

/** Customers whose numbers share this block: the number divided by it. */
export const NUMBERS_PER_BLOCK = 256;

/** The highest number a customer can have, and one. */
export const PAST_ALL_NUMBERS = 2 ** 32;

const whole = z.coerce.number();

/** A row of either store's query of facts; branch_id is empty over the chain. */
export const customerRow = z.object({
  customer_id: z.string(),
  branch_id: z.string(),
  number: whole,
  revision: whole,
  purchases: whole,
  spent_minor: whole,
  loyal_ms: whole.nullable(),
  first_ms: whole.nullable(),
  last_ms: whole.nullable(),
});

export const customerFact = (row: z.output<typeof customerRow>): Fact => ({
  key: { id: row.customer_id, branch: row.branch_id === '' ? null : row.branch_id, slot: null },
  counts: row.purchases > 0,
  version: row.revision,
  content: {
    number: row.number,
    purchases: row.purchases,
    spent_minor: row.spent_minor,
    loyal_since: instant(row.loyal_ms),
    first_sold_at: instant(row.first_ms),
    last_sold_at: instant(row.last_ms),
  },
});

/** A row of either store's query of digests. */
export const blockRow = z.object({
  block: whole,
  customers: whole,
  purchases: z.coerce.string(),
  checksum: z.coerce.string(),
});

export const blockDigest = (row: z.output<typeof blockRow>): Digest<number> => ({
  group: row.block,
  name: String(row.block),
  count: row.customers,
  digest: `${row.customers} customers, ${row.purchases} purchases, checksum ${row.checksum}`,
});

const instant = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : new Date(milliseconds).toISOString();
