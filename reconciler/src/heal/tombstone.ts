import type { Database } from '@tillstream/pos-api/postgres/database';
import { type PurchaseState, purchaseEvent } from '@tillstream/schemas/events';

/** What a void purchase that Postgres does not know says of itself. */
export interface Tombstone {
  purchase_id: string;
  version: number;
  branch_id: string;
  /** UTC instant; decides the slot. */
  sold_at: string;
  /** UTC instant; of the row whose place it takes, since all versions of a purchase are recorded at the same moment. */
  recorded_at: string;
  /** The customer's snapshot, where the tombstone is there to carry one. */
  customer: PurchaseState['customer'];
}

/**
 * Events of void purchases, into the outbox. Such a purchase counts nowhere; it takes the place of a row that ClickHouse
 * has and Postgres has not, or carries the snapshot of a customer who has no purchase left to carry it.
 */
export const sendTombstones = async (
  db: Database,
  currency: string,
  tombstones: readonly Tombstone[],
): Promise<void> => {
  if (tombstones.length === 0) return;
  const now = new Date().toISOString();
  const events = tombstones.map(({ purchase_id, version, branch_id, sold_at, recorded_at, customer }) =>
    purchaseEvent.parse({
      specversion: '1.0',
      id: `${purchase_id}/${version}`,
      source: '/pos-api',
      type: 'pos.purchase.voided.v1',
      subject: purchase_id,
      time: now,
      datacontenttype: 'application/json',
      data: {
        purchase_id,
        version,
        status: 'voided',
        branch_id,
        sold_at,
        recorded_at,
        currency,
        total_minor: 0,
        // An event without items would be quarantined.
        items: [{ product_id: 'none', quantity: 1, unit_price_minor: 0 }],
        customer,
        void: { by: 'reconciler', reason: null, request_id: null },
      },
    }),
  );
  await db.query(
    `with sent as (insert into outbox (key, payload) select * from unnest($1::text[], $2::text[])) select pg_notify('outbox', '')`,
    [events.map(({ subject }) => subject), events.map((event) => JSON.stringify(event))],
  );
};
