import { UNITS } from '@tillstream/schemas/values/choices';
import { z } from 'zod';
import type { Database } from './postgres/database.ts';
import { queryAs } from './users/actor.ts';

const product = z.object({
  product_id: z.string(),
  name: z.string(),
  category: z.string(),
  unit: z.enum(UNITS),
  sku: z.string().nullable(),
  unit_price_minor: z.coerce.number().int(),
  open_price: z.boolean(),
  currency: z.string(),
  active: z.boolean(),
});
const branch = z.object({ branch_id: z.string(), name: z.string(), country: z.string() });
const price = z.object({ from: z.string().nullable(), unit_price_minor: z.coerce.number().int() });
const productWithPrices = product.extend({ prices: z.array(price) });
const done = z.object({ done: z.boolean() });

export type Product = z.output<typeof product>;
export type ProductWithPrices = z.output<typeof productWithPrices>;
export type Branch = z.output<typeof branch>;

/** A product as it is added: what is absent is '', piece, null, false. */
export type NewProduct = Pick<Product, 'product_id' | 'name' | 'unit_price_minor'> &
  Partial<{ [Field in 'category' | 'unit' | 'sku' | 'open_price']: Product[Field] | undefined }>;

const PRODUCT = `product_id, name, category, unit, sku, price_when(p, clock_timestamp()) as unit_price_minor, open_price,
  currency, active`;

/** All products, those no longer sold included, by id, each with what it costs now. */
export const listProducts = async (db: Database): Promise<Product[]> => {
  const { rows } = await db.query(`select ${PRODUCT} from products p, chain_settings order by product_id`);
  return rows.map((row) => product.parse(row));
};

/** One product with all its prices, past and planned; undefined when there is none. */
export const findProduct = async (db: Database, id: string): Promise<ProductWithPrices | undefined> => {
  const { rows } = await db.query(
    `select ${PRODUCT}, (
       select json_agg(json_build_object('unit_price_minor', unit_price_minor, 'from',
         case when isfinite(valid_from) then json_time(valid_from)::json end) order by valid_from)
       from product_prices history where history.product_id = p.product_id) as prices
     from products p, chain_settings where product_id = $1`,
    [id],
  );
  return rows[0] === undefined ? undefined : productWithPrices.parse(rows[0]);
};

/** All branches, by id. */
export const listBranches = async (db: Database): Promise<Branch[]> => {
  const { rows } = await db.query('select branch_id, name, country from branches order by branch_id');
  return rows.map((row) => branch.parse(row));
};

/** One branch; undefined when there is none. */
export const findBranch = async (db: Database, id: string): Promise<Branch | undefined> => {
  const { rows } = await db.query('select branch_id, name, country from branches where branch_id = $1', [id]);
  return rows[0] === undefined ? undefined : branch.parse(rows[0]);
};

/** Which request changes something, and with which key, for events and the audit log. */
export interface Cause {
  request_id: string;
  /** Absent where keys are off. */
  key_id?: string | undefined;
}

/** Adds the products that are not there yet, at a price that they have always had; the others stay. Answers how many are new. */
export const addProducts = (
  db: Database,
  products: readonly NewProduct[],
  cause?: Cause,
): Promise<{ changed: number }> =>
  changed(db, cause, 'add_products($2::jsonb, $3)', [JSON.stringify(products), cause?.request_id ?? null]);

/**
 * The products of a price list: adds what is new; what differs gets the list's name, and its price from now on. Answers how
 * many were added or changed.
 */
export const upsertProducts = (db: Database, products: readonly NewProduct[]): Promise<{ changed: number }> =>
  changed(db, undefined, 'upsert_products($2::jsonb)', [JSON.stringify(products)]);

/** Adds the branches that are not there yet; the others stay. Answers how many are new. */
export const addBranches = (db: Database, branches: readonly Branch[], cause?: Cause): Promise<{ changed: number }> =>
  changed(db, cause, 'add_branches($2::jsonb, $3)', [JSON.stringify(branches), cause?.request_id ?? null]);

/** Adds branches or changes those that differ. Answers how many were added or changed. */
export const upsertBranches = (db: Database, branches: readonly Branch[]): Promise<{ changed: number }> =>
  changed(db, undefined, 'upsert_branches($2::jsonb)', [JSON.stringify(branches)]);

/** Gives a branch another name or country; false when there is no such branch. */
export const changeBranch = (
  db: Database,
  id: string,
  change: { name?: string | undefined; country?: string | undefined },
  cause: Cause,
): Promise<boolean> =>
  isDone(db, cause, 'change_branch($2, $3, $4, $5)', [
    id,
    change.name ?? null,
    change.country ?? null,
    cause.request_id,
  ]);

/** Adds a product at a price that it has always had; false when the id is taken. */
export const addProduct = async (db: Database, product: NewProduct, cause: Cause): Promise<boolean> =>
  (await addProducts(db, [product], cause)).changed === 1;

/** Sets a product's price from a moment on (UTC instant; null: now); false when there is no such product. */
export const setPrice = (
  db: Database,
  id: string,
  unitPriceMinor: number,
  from: string | null,
  cause: Cause,
): Promise<boolean> => isDone(db, cause, 'set_price($2, $3, $4, $5)', [id, unitPriceMinor, from, cause.request_id]);

/** Changes a product, retires it or sells it again; what is absent stays. False when there is no such product. */
export const changeProduct = (
  db: Database,
  id: string,
  change: { [Field in 'name' | 'category' | 'unit' | 'sku' | 'open_price' | 'active']?: Product[Field] | undefined },
  cause: Cause,
): Promise<boolean> =>
  isDone(db, cause, 'change_product($2, $3::jsonb, $4)', [id, JSON.stringify(change), cause.request_id]);

/** Makes planned prices whose moment has come the present ones, and tells of it. Safe to call from anywhere, any time. */
export const applyDuePrices = async (db: Database): Promise<void> => {
  await db.query({ name: 'apply_due_prices', text: 'select apply_due_prices()' });
};

const changed = async (db: Database, cause: Cause | undefined, call: string, values: unknown[]) => {
  const result = await queryAs(db, actorOf(cause), `select ${call} as changed from actor`, values);
  return z.object({ changed: z.number() }).parse(result.rows[0]);
};

const isDone = async (db: Database, cause: Cause, call: string, values: unknown[]): Promise<boolean> => {
  const { rows } = await queryAs(db, actorOf(cause), `select ${call} as done from actor`, values);
  return done.parse(rows[0]).done;
};

const actorOf = (cause: Cause | undefined) =>
  cause && {
    who: cause.key_id ?? 'loopback',
    role: cause.key_id === undefined ? 'nobody' : 'key',
    request_id: cause.request_id,
  };
