import type { Database } from '@tillstream/pos-api/postgres/database';
import type { Finding } from '../compare/difference.ts';
import { sendTombstones } from './tombstone.ts';

/** The highest version that Postgres's integer can still go above. */
export const HIGHEST_VERSION = 2 ** 31 - 2;

/**
 * Sends the purchases of findings (or those of their returns) again, above the version that ClickHouse holds of them, and tombstones for those that
 * Postgres does not know. It only writes to the outbox; a row of a version that cannot be outdone is left as it is.
 */
export const healPurchases = async (db: Database, currency: string, findings: readonly Finding[]): Promise<void> => {
  // Bronze takes no event without a branch, so nothing can be sent against a row without one.
  const curable = findings.filter(
    ({ key, clickhouse }) => (clickhouse?.version ?? 0) <= HIGHEST_VERSION && key.branch !== '',
  );
  const ours = curable.filter(({ kind }) => kind !== 'extra');
  if (ours.length > 0) {
    // A return travels with its purchase.
    await db.query(
      `select reemit_purchases(array_agg(id), array_agg(version)) from (
         select coalesce(r.purchase_id, asked.id) as id, max(asked.version) as version
         from unnest($1::uuid[], $2::integer[]) as asked (id, version) left join returns r on r.return_id = asked.id
         group by 1) as whole`,
      [ours.map(({ key }) => key.id), ours.map(({ clickhouse }) => clickhouse?.version ?? 0)],
    );
  }
  const extra = curable.filter(({ kind }) => kind === 'extra');
  await sendTombstones(
    db,
    currency,
    extra.map(({ key, clickhouse }) => {
      // The slot's start, not the row's own time, which may be what is wrong with it: the tombstone must have its key.
      const sold_at = new Date((key.slot ?? 0) * 1000).toISOString();
      return {
        purchase_id: key.id,
        version: (clickhouse?.version ?? 0) + 1,
        branch_id: key.branch ?? '',
        sold_at,
        recorded_at: String(clickhouse?.content.recorded_at ?? sold_at),
        customer: null,
      };
    }),
  );
};
