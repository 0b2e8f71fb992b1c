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
import { productId } from '@tillstream/schemas/files';
import type { RequestHandler, Response } from 'express';
import { z } from 'zod';
import {
  addProduct,
  changeProduct,
  findBranch,
  findProduct,
  listBranches,
  listProducts,
  setPrice,
  upsertBranches,
} from '../catalog.ts';
import type { Database } from '../database.ts';
import { readBody } from './body.ts';
import { branchOf, requestIdOf } from './caller.ts';
import { ProblemError } from './problems.ts';

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
    const added = await addProduct(db, { ...given, product_id }, requestIdOf(response));
    const product = await requireProduct(db, product_id);
    if (!added && (product.name !== given.name || product.unit_price_minor !== given.unit_price_minor)) {
      throw new ProblemError('exists', `${product_id} is another product already`);
    }
    response.status(added ? 201 : 200).set('Location', `/v1/products/${encodeURIComponent(product_id)}`);
    send<typeof productResponse>(response, product);
  };

/** `PATCH /v1/products/{product_id}`: another name, or retired, or sold again. */
export const patchProduct =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const change = readBody(productChange, request.body);
    const id = idIn(request.params.product_id);
    if (!(await changeProduct(db, id, change, requestIdOf(response)))) throw noProduct();
    send<typeof productResponse>(response, await requireProduct(db, id));
  };

/** `POST /v1/products/{product_id}/prices`: the price from a moment on. */
export const postPrice =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const { unit_price_minor, from } = readBody(newPrice, request.body);
    const id = idIn(request.params.product_id);
    if (!(await setPrice(db, id, unit_price_minor, from ?? null, requestIdOf(response)))) throw noProduct();
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
    const known = await findBranch(db, given.branch_id);
    if (known && (known.name !== given.name || known.country !== given.country)) {
      throw new ProblemError('exists', `${given.branch_id} is another branch already`);
    }
    await upsertBranches(db, [given], requestIdOf(response));
    response.status(known ? 200 : 201);
    send<typeof branchResponse>(response, given);
  };

/** `PATCH /v1/branches/{branch_id}`: another name or country. */
export const patchBranch =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const { name, country } = readBody(branchChange, request.body);
    const known = await findBranch(db, idIn(request.params.branch_id));
    if (!known) throw new ProblemError('not-found', 'there is no such branch');
    const changed = { ...known, name: name ?? known.name, country: country ?? known.country };
    await upsertBranches(db, [changed], requestIdOf(response));
    send<typeof branchResponse>(response, changed);
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
  const found = z.guid().safeParse(id).success
    ? await db.query(
        branch === undefined
          ? {
              name: 'get_customer',
              text: `select customer_id, ${TOTALS} from customers where customer_id = $1`,
              values: [id],
            }
          : {
              name: 'get_customer_of_branch',
              text: `select customer_id, ${TOTALS} from customer_branches where customer_id = $1 and branch_id = $2`,
              values: [id, branch],
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
