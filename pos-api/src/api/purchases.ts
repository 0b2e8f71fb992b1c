import { createHash } from 'node:crypto';
import { type Fault, idempotencyKey, OWN_VOID_HOURS, purchaseRequest, voidRequest } from '@tillstream/schemas/api';
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { CommitQueue } from '../commit/queue.ts';
import type { ApiKey } from '../keys/api-keys.ts';
import type { Database } from '../postgres/database.ts';
import { credentialOfBranch } from '../record-purchases.ts';
import { readBody } from './http/body.ts';
import { canonicalJson } from './http/canonical-json.ts';
import { faultsOf, invalid, ProblemError } from './http/problems.ts';
import { bounded, readableText, unreadableIn } from './http/readable.ts';
import { localsOf, requestIdOf, requireBranch } from './keys/caller.ts';
import { purchaseOutcomes, purchasesOfLongAgo } from './monitoring/metrics.ts';

const storedPurchase = z.object({
  branch_id: z.string(),
  /** Who recorded it, and how many seconds ago. */
  credential: z.string(),
  age_s: z.number(),
  /** `returned`: a void was asked of it, but something of it was returned. */
  status: z.enum(['recorded', 'voided', 'returned']),
  body: z.string(),
  returns: z.string().nullable(),
});
const AGE = 'extract(epoch from clock_timestamp() - recorded_at)::float8 as age_s';

/** Tells an operator of something that may be wrong, with what helps to find it. */
export type LogWarning = (fields: object, message: string, response: Response) => void;

const YEAR_MS = 366 * 86_400_000;

/** `POST /v1/purchases`: recorded once, however often and wherever it is sent. */
export const recordPurchase =
  (queue: CommitQueue, logWarning: LogWarning): RequestHandler =>
  async (request, response) => {
    const key = requireKey(request);
    const body: unknown = request.body;
    const parsed = purchaseRequest.safeParse(bounded(body));
    if (!parsed.success) {
      throw invalid('invalid-purchase', [
        ...faultsOf(parsed.error),
        ...(await catalogFaults(queue, body, parsed.error)),
      ]);
    }
    const { branch_id, customer_id, sold_at, items, discount_minor, cashier, receipt_number, channel, tenders } =
      parsed.data;
    requireBranch(response, branch_id);
    const traceparent = localsOf(response).span?.traceparent;
    const answer = await queue.submit({
      idempotency_key: key,
      credential: localsOf(response).key?.key_id ?? credentialOfBranch(branch_id),
      fingerprint: createHash('sha256').update(canonicalJson(body)).digest('hex'),
      branch_id,
      customer_id: customer_id ?? null,
      sold_at: sold_at ?? null,
      ...listsOf(items),
      ...(discount_minor && { discount_minor }),
      ...(cashier != null && { cashier }),
      ...(receipt_number != null && { receipt_number }),
      ...(channel != null && { channel }),
      ...(tenders != null && { tenders }),
      request_id: requestIdOf(response),
      ...(traceparent !== undefined && { traceparent }),
    });
    purchaseOutcomes.inc({ outcome: answer.outcome });
    switch (answer.outcome) {
      case 'refused':
        throw invalid('invalid-purchase', answer.faults);
      case 'conflict':
        throw new ProblemError('key-reused', 'this Idempotency-Key was used for another purchase');
      default:
        response.statusCode = 201;
        response.setHeader('Location', `/v1/purchases/${answer.purchase_id}`);
        localsOf(response).purchaseId = answer.purchase_id;
        if (sold_at && answer.outcome === 'recorded' && Date.now() - Date.parse(sold_at) > YEAR_MS) {
          purchasesOfLongAgo.inc();
          logWarning(
            { branch: branch_id, sold_at },
            'a sale of more than a year ago: is the clock of this till right?',
            response,
          );
        }
        if (answer.outcome === 'replayed') response.setHeader('Idempotent-Replayed', 'true');
        sendJson(response, answer.body);
    }
  };

/** `GET /v1/purchases/{purchase_id}` */
export const getPurchase =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const purchase = await findPurchase(db, request.params.purchase_id);
    requireBranch(response, purchase.branch_id);
    sendStored(response, purchase);
  };

/** `POST /v1/purchases/{purchase_id}/void`: once, however often it is asked. */
export const voidPurchase =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const id = request.params.purchase_id;
    const { reason } = readBody(voidRequest, request.body === undefined ? {} : request.body);
    const { key } = localsOf(response);
    if (key) requireVoidOf(response, key, await findPurchase(db, id));
    const sql = `select branch_id, credential, ${AGE}, status, body, null as returns
      from void_purchase($1, $2, $3, $4), purchases where purchase_id = $1`;
    const by = key?.key_id ?? 'loopback';
    const purchase = await findStored(db, 'void_purchase', sql, id, [by, reason ?? null, requestIdOf(response)]);
    localsOf(response).purchaseId = String(id);
    if (purchase.status === 'returned') {
      throw new ProblemError('returned', 'something of this purchase was returned: return the rest of it instead');
    }
    sendStored(response, purchase);
  };

/** A till takes back its own mistakes of the last day; whatever else is void changes figures that people have seen. */
const requireVoidOf = (response: Response, key: ApiKey, purchase: z.output<typeof storedPurchase>): void => {
  requireBranch(response, purchase.branch_id);
  if (key.scopes.includes('void')) return;
  if (purchase.credential === key.key_id && purchase.age_s < OWN_VOID_HOURS * 3600) return;
  throw new ProblemError(
    'forbidden',
    `this key voids what it recorded in the last ${OWN_VOID_HOURS} hours; other purchases need the scope void`,
  );
};

/** The key that the till gave this request, or the 400. */
export const requireKey = (request: Request): string => {
  const header = request.headers['idempotency-key'];
  if (header === undefined) throw new ProblemError('no-idempotency-key', 'the header Idempotency-Key is required');
  const parsed = idempotencyKey.safeParse(header);
  if (!parsed.success) {
    throw new ProblemError('no-idempotency-key', 'Idempotency-Key must be 1 to 255 printable characters');
  }
  // Node joins a header that is sent twice: two keys are none.
  if (parsed.data.includes(', ') && (request.headersDistinct['idempotency-key']?.length ?? 0) > 1) {
    throw new ProblemError('no-idempotency-key', 'there is more than one Idempotency-Key');
  }
  return parsed.data;
};

/** The items as `record_purchases` takes them: lists side by side, of which the plain receipt has but one. */
const listsOf = (items: z.output<typeof purchaseRequest>['items']) => ({
  items: items.map((item) => item.product_id),
  ...(items.some((item) => item.quantity !== '1') && { quantities: items.map((item) => item.quantity) }),
  ...(items.some((item) => item.unit_price_minor != null) && {
    unit_prices_minor: items.map((item) => item.unit_price_minor ?? null),
  }),
  ...(items.some((item) => item.discount_minor) && {
    discounts_minor: items.map((item) => item.discount_minor ?? null),
  }),
});

const { sold_at, discount_minor, tenders, items } = purchaseRequest.shape;
const { quantity, ...amounts } = items.element.shape;
const readableParts = z.object({
  branch_id: readableText.nullable().catch(null),
  sold_at: sold_at.catch(null),
  items: z
    .array(
      z.object({
        product_id: readableText.catch(''),
        quantity: quantity.catch('1'),
        unit_price_minor: amounts.unit_price_minor.catch(null),
        discount_minor: amounts.discount_minor.catch(null),
      }),
    )
    .nullable()
    .catch(null),
  discount_minor: discount_minor.catch(null),
  tenders: tenders.catch(null),
});

/**
 * What Postgres finds wrong in those parts of a malformed body that can be read, so that a till hears of all its
 * faults at once. Records nothing.
 */
const catalogFaults = async (queue: CommitQueue, body: unknown, unreadable: z.ZodError): Promise<Fault[]> => {
  const parts = readableParts.safeParse(bounded(body));
  if (!parts.success) return [];
  const { data } = parts;
  const isUnreadable = unreadableIn(unreadable);
  // Sums of what cannot be read in full say nothing.
  const hasSums = !isUnreadable('items') && !isUnreadable('discount_minor');
  const answer = await queue.submit({
    idempotency_key: null,
    credential: null,
    fingerprint: null,
    branch_id: data.branch_id,
    customer_id: null,
    sold_at: data.sold_at ?? null,
    ...(data.items && data.items.length > 0 ? listsOf(data.items) : { items: null }),
    ...(hasSums && data.discount_minor && { discount_minor: data.discount_minor }),
    ...(hasSums && data.tenders && { tenders: data.tenders }),
  });
  if (answer.outcome !== 'refused') return [];
  // What was unreadable in an item was replaced above, and zod has named it. A discount hangs on the whole item.
  return answer.faults.filter(({ pointer }) => {
    const [, line = '', field = ''] = /^#\/items\/(\d+)\/(\w+)/.exec(pointer) ?? [];
    if (line === '') return true;
    return field === 'discount_minor' ? !isUnreadable('items', line) : !isUnreadable('items', line, field);
  });
};

const findPurchase = (db: Database, id: unknown) =>
  findStored(
    db,
    'get_purchase',
    `select branch_id, credential, ${AGE}, case when voided_at is null then 'recorded' else 'voided' end as status,
       purchase_json(p, stored_items_json(purchase_id)) as body, stored_returns_json(purchase_id) as returns
     from purchases p where purchase_id = $1`,
    id,
  );

/** Nobody has recorded it, or its id is none. */
export const noPurchase = (): ProblemError => new ProblemError('not-found', 'there is no such purchase');

const findStored = async (db: Database, name: string, sql: string, id: unknown, others: readonly unknown[] = []) => {
  if (!z.guid().safeParse(id).success) throw noPurchase();
  const { rows } = await db.query({ name, text: sql, values: [id, ...others] });
  if (rows.length === 0) throw noPurchase();
  return storedPurchase.parse(rows[0]);
};

const sendStored = (response: Response, { status, body, returns }: z.output<typeof storedPurchase>): void =>
  sendJson(response, `${body.slice(0, -1)},"status":"${status}","returns":${returns ?? '[]'}}`);

/** Sends what Postgres has written as JSON. */
export const sendJson = (response: Response, body: string): void => {
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(body);
};
