import type { Database } from '@tillstream/pos-api/postgres/database';
import { customerSnapshot, type PurchaseState, utcInstant } from '@tillstream/schemas/events';
import { z } from 'zod';
import type { Finding } from '../compare/difference.ts';
import { sendTombstones } from './tombstone.ts';

const withoutPurchase = z.object({
  customer_id: z.string(),
  branch_id: z.string().nullable(),
  customer: z
    .string()
    .transform((text) => customerSnapshot.parse(JSON.parse(text)))
    .nullable(),
});

/** A name that no branch can have (it takes letters, digits, - and _), for the snapshot of a customer over the chain. */
const NO_BRANCH = '(none)';
const NOTHING = {
  purchases: 0,
  spent_minor: 0,
  loyal_since: null,
  first_sold_at: null,
  last_sold_at: null,
  first_sold_before: null,
  loyal_before: null,
};

/**
 * Sends the customers of findings again, above the revision that ClickHouse holds of them: with one of their purchases,
 * or with a void one made up for it where there is none left. It only writes to the outbox.
 */
export const healCustomers = async (db: Database, currency: string, found: readonly Finding[]): Promise<void> => {
  // Above a revision that is no exact number here there may be none left.
  const findings = found.filter(({ clickhouse }) => (clickhouse?.version ?? 0) < Number.MAX_SAFE_INTEGER);
  if (findings.length === 0) return;
  const { rows } = await db.query('select * from reemit_customers($1::uuid[], $2::text[], $3::bigint[])', [
    findings.map(({ key }) => key.id),
    findings.map(({ key }) => key.branch),
    findings.map(({ clickhouse }) => clickhouse?.version ?? 0),
  ]);
  const left = rows.map((row) => withoutPurchase.parse(row));
  await sendTombstones(
    db,
    currency,
    left.map(({ customer_id, branch_id, customer }) => {
      const finding = findings.find(({ key }) => key.id === customer_id && key.branch === branch_id);
      const snapshot = customer ?? unknownCustomer(customer_id, finding);
      const sold_at = String(finding?.clickhouse?.content.last_sold_at ?? new Date().toISOString());
      return {
        purchase_id: customer_id,
        version: Math.max(snapshot.revision, snapshot.branch.revision),
        branch_id: branch_id ?? NO_BRANCH,
        sold_at,
        recorded_at: sold_at,
        customer: snapshot,
      };
    }),
  );
};

/** A customer that only ClickHouse knows becomes one without purchases, and without the milestones that ClickHouse holds. */
const unknownCustomer = (id: string, finding: Finding | undefined): NonNullable<PurchaseState['customer']> => {
  const above = (finding?.clickhouse?.version ?? 0) + 1;
  const inBranch = finding?.key.branch !== null;
  const known = finding?.clickhouse?.content;
  const gone = {
    ...NOTHING,
    first_sold_before: utcInstant.nullable().parse(known?.first_sold_at ?? null),
    loyal_before: utcInstant.nullable().parse(known?.loyal_since ?? null),
    revision: above,
  };
  const untouched = { ...NOTHING, revision: 1 };
  return {
    customer_id: id,
    number: Math.max(1, Number(known?.number ?? 1)),
    ...(inBranch ? untouched : gone),
    branch: inBranch ? gone : untouched,
  };
};
