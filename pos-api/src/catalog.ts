import { z } from 'zod';
import type { Database } from './database.ts';

const product = z.object({
  product_id: z.string(),
  name: z.string(),
  unit_price_minor: z.coerce.number().int(),
  currency: z.string(),
  active: z.boolean(),
});
const branch = z.object({ branch_id: z.string(), name: z.string(), country: z.string() });

export type Product = z.output<typeof product>;
export type Branch = z.output<typeof branch>;

/** All products, those no longer sold included, by id. */
export const listProducts = async (db: Database): Promise<Product[]> => {
  const { rows } = await db.query(
    'select product_id, name, unit_price_minor, currency, active from products, chain_settings order by product_id',
  );
  return rows.map((row) => product.parse(row));
};

/** All branches, by id. */
export const listBranches = async (db: Database): Promise<Branch[]> => {
  const { rows } = await db.query('select branch_id, name, country from branches order by branch_id');
  return rows.map((row) => branch.parse(row));
};

/** Adds products or changes those that differ. Answers how many were added or changed. */
export const upsertProducts = (
  db: Database,
  products: readonly Pick<Product, 'product_id' | 'name' | 'unit_price_minor'>[],
): Promise<{ changed: number }> => upsert(db, 'select upsert_products($1::jsonb) as changed', products);

/** Adds branches or changes those that differ. Answers how many were added or changed. */
export const upsertBranches = (db: Database, branches: readonly Branch[]): Promise<{ changed: number }> =>
  upsert(db, 'select upsert_branches($1::jsonb) as changed', branches);

const upsert = async (db: Database, text: string, rows: readonly object[]) => {
  const result = await db.query(text, [JSON.stringify(rows)]);
  return z.object({ changed: z.number() }).parse(result.rows[0]);
};
