import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import type { Finding } from '../compare/difference.ts';

/** Above a revision that is no exact number here there may be none left. */
const HIGHEST_REVISION = Number.MAX_SAFE_INTEGER;

const TABLES = {
  product: { table: 'silver.products', id: 'product_id', reemit: 'select reemit_products($1::text[], $2::bigint[])' },
  branch: { table: 'silver.branches', id: 'branch_id', reemit: 'select reemit_branches($1::text[], $2::bigint[])' },
};

/**
 * Sends the products or branches of findings again, above the revision that ClickHouse holds of them. One that Postgres does
 * not know, or whose revision nothing can outdo, is deleted from ClickHouse: no event says that a product does not exist.
 */
export const healCatalog = async (
  db: Database,
  clickhouse: ClickHouse,
  of: 'product' | 'branch',
  findings: readonly Finding[],
): Promise<void> => {
  const { table, id, reemit } = TABLES[of];
  const isBeyond = (finding: Finding) => (finding.clickhouse?.version ?? 0) >= HIGHEST_REVISION;
  const foreign = findings.filter((finding) => finding.kind === 'extra' || isBeyond(finding));
  if (foreign.length > 0) {
    const ids = foreign.map(({ key }) => `'${key.id.replaceAll(/[\\']/g, (letter) => `\\${letter}`)}'`);
    await clickhouse.command(
      `ALTER TABLE ${table} DELETE WHERE ${id} IN (${ids.join(', ')}) SETTINGS mutations_sync = 1`,
    );
  }
  const known = findings.filter(({ kind }) => kind !== 'extra');
  if (known.length === 0) return;
  await db.query(reemit, [
    known.map(({ key }) => key.id),
    known.map((finding) => (isBeyond(finding) ? 0 : (finding.clickhouse?.version ?? 0))),
  ]);
};
