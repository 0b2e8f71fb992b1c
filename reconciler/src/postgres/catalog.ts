import type { Database } from '@tillstream/pos-api/postgres/database';
import { branchRow, catalogDigest, catalogFact, productRow, type WholeCatalog } from '../facts/catalog-fact.ts';
import { byKey, type Fact, type Store } from '../facts/facts.ts';

/** Products or branches as Postgres has them. */
export const postgresCatalog = (db: Database, of: 'product' | 'branch'): Store<WholeCatalog, WholeCatalog> => {
  const read = async (condition = 'true', values: unknown[] = []): Promise<Fact[]> => {
    if (of === 'product') {
      const { rows } = await db.query(
        `select product_id as id, revision, name, unit_price_minor, shop.currency, active, category, unit, coalesce(sku, '') as sku, open_price
         from products, chain_settings shop where ${condition.replace('id', 'product_id')}`,
        values,
      );
      return rows.map((row) => catalogFact(productRow.parse(row)));
    }
    const { rows } = await db.query(
      `select branch_id as id, revision, name, country from branches where ${condition.replace('id', 'branch_id')}`,
      values,
    );
    return rows.map((row) => catalogFact(branchRow.parse(row)));
  };
  return {
    digests: async () => [catalogDigest(await read())],
    factsOf: async () => byKey(await read()),
    facts: async (keys) => byKey(await read('id = any($1::text[])', [keys.map(({ id }) => id)])),
  };
};
