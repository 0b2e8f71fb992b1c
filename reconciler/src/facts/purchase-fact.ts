import { z } from 'zod';
import type { Digest, Fact } from './facts.ts';
import { type SlotOfBranch, slotName } from './purchase-scope.ts';

/** Postgres gives 64-bit integers as text. */
const whole = z.coerce.number();

/** A row of either store's query of facts. */
export const purchaseRow = z.object({
  slot: whole,
  branch_id: z.string(),
  purchase_id: z.string(),
  status: z.string(),
  version: whole,
  sold_ms: whole,
  recorded_ms: whole,
  currency: z.string(),
  total_minor: whole,
  units: whole,
  items: z.string(),
  details: z.string(),
  customer_id: z.string(),
  customer_number: whole,
});

export const purchaseFact = (row: z.output<typeof purchaseRow>): Fact => ({
  key: { id: row.purchase_id, branch: row.branch_id, slot: row.slot },
  counts: row.status === 'recorded',
  version: row.version,
  content: {
    sold_at: instant(row.sold_ms),
    recorded_at: instant(row.recorded_ms),
    currency: row.currency,
    total_minor: row.total_minor,
    units: row.units,
    items: row.items,
    details: row.details,
    customer_id: row.customer_id,
    customer_number: row.customer_number,
  },
});

/** A row of either store's query of digests. */
export const slotRow = z.object({
  slot: whole,
  branch_id: z.string(),
  purchases: whole,
  revenue_minor: z.coerce.string(),
  units: z.coerce.string(),
  checksum: z.coerce.string(),
});

export const slotDigest = (row: z.output<typeof slotRow>): Digest<SlotOfBranch> => {
  const group = { slot: row.slot, branch: row.branch_id };
  return {
    group,
    name: slotName(group),
    count: row.purchases,
    digest: `${row.purchases} purchases, ${row.revenue_minor} minor units, ${row.units} items, checksum ${row.checksum}`,
  };
};

const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();
