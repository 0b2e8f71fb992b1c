import type { branchesResponse, customerResponse, productsResponse } from '@tillstream/schemas/api';
import { Router } from 'express';
import { z } from 'zod';
import { listBranches, listProducts } from '../catalog.ts';
import type { Database } from '../database.ts';
import { ProblemError } from './problems.ts';

const customerRow = z.object({
  customer_id: z.string(),
  purchases: z.number(),
  spent_minor: z.coerce.number(),
  loyal: z.boolean(),
  loyal_since: z.date().nullable(),
  first_sold_at: z.date().nullable(),
  last_sold_at: z.date().nullable(),
});

/** `GET /products`, `GET /branches`, `GET /customers/{id}`: what a till may look up. */
export const catalogRoutes = (db: Database): Router => {
  const router = Router();
  router.get('/products', async (_request, response) => {
    const body: z.input<typeof productsResponse> = { products: await listProducts(db) };
    response.json(body);
  });
  router.get('/branches', async (_request, response) => {
    const body: z.input<typeof branchesResponse> = { branches: await listBranches(db) };
    response.json(body);
  });
  router.get('/customers/:id', async (request, response) => {
    response.json(await findCustomer(db, request.params.id));
  });
  return router;
};

const findCustomer = async (db: Database, id: string): Promise<z.input<typeof customerResponse>> => {
  const found = z.guid().safeParse(id).success
    ? await db.query({
        name: 'get_customer',
        text: `select customer_id, purchases, spent_minor, loyal_since is not null as loyal, loyal_since, first_sold_at, last_sold_at
          from customers where customer_id = $1`,
        values: [id],
      })
    : { rows: [] };
  if (found.rows.length === 0) throw new ProblemError(404, 'not-found', 'there is no such customer');
  const row = customerRow.parse(found.rows[0]);
  return {
    ...row,
    loyal_since: row.loyal_since?.toISOString() ?? null,
    first_sold_at: row.first_sold_at?.toISOString() ?? null,
    last_sold_at: row.last_sold_at?.toISOString() ?? null,
  };
};
