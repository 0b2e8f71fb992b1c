import type { ClickHouse } from '@tillstream/clickhouse/client';
import { branchRow, catalogDigest, catalogFact, productRow, type WholeCatalog } from '../facts/catalog-fact.ts';
import { byKey, type Fact, type Store } from '../facts/facts.ts';

/** Products or branches as ClickHouse shows them: the highest revision of each. */
export const clickhouseCatalog = (
  clickhouse: ClickHouse,
  of: 'product' | 'branch',
): Store<WholeCatalog, WholeCatalog> => {
  const read = async (): Promise<Fact[]> => {
    if (of === 'product') {
      const rows = await clickhouse.rows({
        name: 'reconciler: products',
        sql: `SELECT product_id AS id, revision, name, unit_price_minor, currency, active, category, unit, sku, open_price
              FROM silver.products FINAL`,
        row: productRow,
      });
      return rows.map(catalogFact);
    }
    const rows = await clickhouse.rows({
      name: 'reconciler: branches',
      sql: 'SELECT branch_id AS id, revision, name, country FROM silver.branches FINAL',
      row: branchRow,
    });
    return rows.map(catalogFact);
  };
  return {
    digests: async () => [catalogDigest(await read())],
    factsOf: async () => byKey(await read()),
    facts: async (keys) => {
      const asked = new Set(keys.map(({ id }) => id));
      return byKey((await read()).filter(({ key }) => asked.has(key.id)));
    },
  };
};
