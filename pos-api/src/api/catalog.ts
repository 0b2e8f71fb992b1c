import {
  branchChange,
  type branchesResponse,
  type branchResponse,
  type customerResponse,
  newBranch,
  newPrice,
  newProduct,
  productChange,
  type productResponse,
  type productsResponse,
} from '@tillstream/schemas/api';
import { customerIdOf, MAX_CUSTOMER_ID } from '@tillstream/schemas/customer-id';
import { productId } from '@tillstream/schemas/files';
import type { RequestHandler, Response } from 'express';
import { z } from 'zod';
import {
  addBranches,
  addProduct,
  changeBranch,
  changeProduct,
  findBranch,
  findProduct,
  listBranches,
  listProducts,
  setPrice,
} from '../catalog.ts';
import { type Database, sqlState } from '../postgres/database.ts';
import { readBody } from './http/body.ts';
import { ProblemError } from './http/problems.ts';
import { branchOf, causeOf } from './keys/caller.ts';

const GIVEN_FIELDS = ['name', 'unit_price_minor', 'category', 'unit', 'sku', 'open_price'] as const;
const UNIQUE_VIOLATION = '23505';

/** `GET /v1/products` */
export const getProducts =
  (db: Database): RequestHandler =>
  async (_request, response) => {
    send<typeof productsResponse>(response, { products: await listProducts(db) });
  };

/** `GET /v1/products/{product_id}`, with its prices. */
export const getProduct =
  (db: Database): RequestHandler =>
  async (request, response) => {
    send<typeof productResponse>(response, await requireProduct(db, idIn(request.params.product_id)));
  };

/** `POST /v1/products`; adding the same again answers 200 and changes nothing. */
export const postProduct =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const given = readBody(newProduct, request.body);
    const product_id = given.product_id ?? productId(given.name);
    const added = await skuIsFree(addProduct(db, { ...given, product_id }, causeOf(response)));
    const product = await requireProduct(db, product_id);
    const asGiven = { category: '', unit: 'piece', sku: null, open_price: false, ...given };
    if (!added && GIVEN_FIELDS.some((field) => product[field] !== asGiven[field])) {
      throw new ProblemError('exists', `${product_id} is another product already`);
    }
    response.status(added ? 201 : 200).set('Location', `/v1/products/${encodeURIComponent(product_id)}`);
    send<typeof productResponse>(response, product);
  };

/** `PATCH /v1/products/{product_id}`: another name, category and so on, or retired, or sold again. */
export const patchProduct =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const change = readBody(productChange, request.body);
    const id = idIn(request.params.product_id);
    if (!(await skuIsFree(changeProduct(db, id, change, causeOf(response))))) throw noProduct();
    send<typeof productResponse>(response, await requireProduct(db, id));
  };

/** `POST /v1/products/{product_id}/prices`: the price from a moment on. */
export const postPrice =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const { unit_price_minor, from } = readBody(newPrice, request.body);
    const id = idIn(request.params.product_id);
    if (!(await setPrice(db, id, unit_price_minor, from ?? null, causeOf(response)))) throw noProduct();
    send<typeof productResponse>(response, await requireProduct(db, id));
  };

/** `GET /v1/branches` */
export const getBranches =
  (db: Database): RequestHandler =>
  async (_request, response) => {
    send<typeof branchesResponse>(response, { branches: await listBranches(db) });
  };

/** `POST /v1/branches`; adding the same again answers 200 and changes nothing. */
export const postBranch =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const given = readBody(newBranch, request.body);
    const { changed: added } = await addBranches(db, [given], causeOf(response));
    const branch = await requireStoredBranch(db, given.branch_id);
    if (added === 0 && (branch.name !== given.name || branch.country !== given.country)) {
      throw new ProblemError('exists', `${given.branch_id} is another branch already`);
    }
    response.status(added === 1 ? 201 : 200);
    send<typeof branchResponse>(response, branch);
  };

/** `PATCH /v1/branches/{branch_id}`: another name or country. */
export const patchBranch =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const change = readBody(branchChange, request.body);
    const id = idIn(request.params.branch_id);
    if (!(await changeBranch(db, id, change, causeOf(response)))) throw noBranch();
    send<typeof branchResponse>(response, await requireStoredBranch(db, id));
  };

/** `GET /v1/customers/{customer_id}`: totals over the chain, or over the branch that the key is for. */
export const getCustomer =
  (db: Database): RequestHandler =>
  async (request, response) => {
    send<typeof customerResponse>(response, await findCustomer(db, request.params.customer_id, branchOf(response)));
  };

/** Answers a body of the type that its schema says. */
const send = <S extends z.ZodType>(response: Response, body: z.input<S>): void => {
  response.json(body);
};

const noBranch = () => new ProblemError('not-found', 'there is no such branch');

const requireStoredBranch = async (db: Database, id: string) => {
  const branch = await findBranch(db, id);
  if (!branch) throw noBranch();
  return branch;
};

/** The answer of Postgres; an SKU that another active product has is a problem of its own. */
const skuIsFree = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
    throw new ProblemError('exists', 'another product that is sold has this SKU');
  }
};

const noProduct = () => new ProblemError('not-found', 'there is no such product');

const requireProduct = async (db: Database, id: string) => {
  const product = await findProduct(db, id);
  if (!product) throw noProduct();
  return product;
};

/** An id in a path. What Postgres cannot even compare is the id of nothing. */
const idIn = (part: unknown): string => {
  const parsed = z
    .string()
    .regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u)
    .safeParse(part);
  if (!parsed.success) throw new ProblemError('not-found', 'there is nothing with such an id');
  return parsed.data;
};

const customerRow = z.object({
  customer_id: z.string(),
  purchases: z.number(),
  spent_minor: z.coerce.number(),
  loyal: z.boolean(),
  loyal_since: z.date().nullable(),
  first_sold_at: z.date().nullable(),
  last_sold_at: z.date().nullable(),
});

const TOTALS = 'purchases, spent_minor, loyal_since is not null as loyal, loyal_since, first_sold_at, last_sold_at';

/** @param branch only its purchases count; a customer who never bought there is not known there */
const findCustomer = async (
  db: Database,
  id: unknown,
  branch: string | undefined,
): Promise<z.input<typeof customerResponse>> => {
  const customer = typeof id === 'string' && id.length <= MAX_CUSTOMER_ID ? customerIdOf(id) : null;
  const found = customer
    ? await db.query(
        branch === undefined
          ? {
              name: 'get_customer',
              text: `select customer_id, ${TOTALS} from customers where customer_id = $1`,
              values: [customer],
            }
          : {
              name: 'get_customer_of_branch',
              text: `select customer_id, ${TOTALS} from customer_branches where customer_id = $1 and branch_id = $2`,
              values: [customer, branch],
            },
      )
    : { rows: [] };
  if (found.rows.length === 0) throw new ProblemError('not-found', 'there is no such customer');
  const row = customerRow.parse(found.rows[0]);
  return {
    ...row,
    loyal_since: row.loyal_since?.toISOString() ?? null,
    first_sold_at: row.first_sold_at?.toISOString() ?? null,
    last_sold_at: row.last_sold_at?.toISOString() ?? null,
  };
};
