import { createHash } from 'node:crypto';
import { type Fault, idempotencyKey, purchaseRequest } from '@tillstream/schemas/api';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { CommitQueue } from '../commit/queue.ts';
import type { Database } from '../database.ts';
import { canonicalJson } from './canonical-json.ts';
import { ProblemError } from './problems.ts';

const storedPurchase = z.object({ status: z.enum(['recorded', 'voided']), body: z.string() });

/** `POST /purchases`, `GET /purchases/{id}`, `POST /purchases/{id}/void`. */
export const purchaseRoutes = (queue: CommitQueue, db: Database): Router => {
  const router = Router();
  router.post('/purchases', async (request, response) => {
    await record(queue, request, response);
  });
  router.get('/purchases/:id', async (request, response) => {
    const sql = `select case when voided_at is null then 'recorded' else 'voided' end as status,
      purchase_json(p, stored_items_json(purchase_id)) as body from purchases p where purchase_id = $1`;
    sendStored(response, await findStored(db, 'get_purchase', sql, request.params.id));
  });
  router.post('/purchases/:id/void', async (request, response) => {
    const sql = 'select status, body from void_purchase($1)';
    sendStored(response, await findStored(db, 'void_purchase', sql, request.params.id));
  });
  return router;
};

const record = async (queue: CommitQueue, request: Request, response: Response): Promise<void> => {
  const key = requireKey(request.get('Idempotency-Key'));
  if (!request.is('application/json'))
    throw new ProblemError(415, 'media-type', 'the body must be application/json in UTF-8');
  const body: unknown = request.body;
  const parsed = purchaseRequest.safeParse(body);
  if (!parsed.success) {
    throw refused([...parsed.error.issues.map(faultOf), ...(await catalogFaults(queue, body))]);
  }
  const { branch_id, customer_id, sold_at, items } = parsed.data;
  const answer = await queue.submit({
    idempotency_key: key,
    fingerprint: createHash('sha256').update(canonicalJson(body)).digest('hex'),
    branch_id,
    customer_id: customer_id ?? null,
    sold_at: sold_at ?? null,
    items: items.map((item) => item.product_id),
  });
  switch (answer.outcome) {
    case 'refused':
      throw refused(answer.faults);
    case 'conflict':
      throw new ProblemError(422, 'key-reused', 'this Idempotency-Key was used for another purchase');
    default:
      response
        .status(201)
        .set('Location', `/v1/purchases/${answer.purchase_id}`)
        .set(answer.outcome === 'replayed' ? { 'Idempotent-Replayed': 'true' } : {})
        .type('application/json')
        .end(answer.body);
  }
};

const requireKey = (header: string | undefined): string => {
  if (header === undefined) throw new ProblemError(400, 'no-idempotency-key', 'the header Idempotency-Key is required');
  const parsed = idempotencyKey.safeParse(header);
  if (!parsed.success)
    throw new ProblemError(400, 'no-idempotency-key', 'Idempotency-Key must be 1 to 255 printable characters');
  return parsed.data;
};

const refused = (faults: Fault[]): ProblemError => {
  const unique = [...new Map(faults.map((fault) => [`${fault.pointer} ${fault.detail}`, fault])).values()];
  return new ProblemError(422, 'invalid-purchase', 'the purchase cannot be recorded as it is', { faults: unique });
};

/** A zod issue as a fault: its path becomes a JSON pointer (RFC 6901) in a URI fragment. */
const faultOf = (issue: z.core.$ZodIssue): Fault => {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  const escaped = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  const detail = issue.code === 'unrecognized_keys' ? `unknown field: ${issue.keys.join(', ')}` : issue.message;
  return { pointer: `#${escaped.join('')}`, detail };
};

const text = z.string().regex(/^[^\p{Cc}]{1,128}$/u);
const readableParts = z.object({
  branch_id: text.nullable().catch(null),
  sold_at: purchaseRequest.shape.sold_at.catch(null),
  items: z
    .array(z.object({ product_id: text }).catch({ product_id: '' }))
    .nullable()
    .catch(null),
});

/**
 * What Postgres finds wrong in those parts of a malformed body that can be read, so that a till hears of all its
 * faults at once. Records nothing.
 */
const catalogFaults = async (queue: CommitQueue, body: unknown): Promise<Fault[]> => {
  const parts = readableParts.safeParse(body);
  if (!parts.success) return [];
  const items = parts.data.items?.map((item) => item.product_id) ?? null;
  const answer = await queue.submit({
    idempotency_key: null,
    fingerprint: null,
    branch_id: parts.data.branch_id,
    customer_id: null,
    sold_at: parts.data.sold_at ?? null,
    items: items && items.length > 0 ? items : null,
  });
  if (answer.outcome !== 'refused') return [];
  // Items that could not be read were replaced by '' above, and zod has named them already.
  return answer.faults.filter((fault) => fault.detail !== 'unknown product: ');
};

const findStored = async (db: Database, name: string, sql: string, id: string) => {
  if (!z.guid().safeParse(id).success) throw new ProblemError(404, 'not-found', 'there is no such purchase');
  const { rows } = await db.query({ name, text: sql, values: [id] });
  if (rows.length === 0) throw new ProblemError(404, 'not-found', 'there is no such purchase');
  return storedPurchase.parse(rows[0]);
};

const sendStored = (response: Response, { status, body }: z.output<typeof storedPurchase>): void => {
  response.type('application/json').end(`${body.slice(0, -1)},"status":"${status}"}`);
};
