import { createHash } from 'node:crypto';
import { type Fault, returnRequest } from '@tillstream/schemas/api';
import type { RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Database } from '../postgres/database.ts';
import { returnPurchase } from '../return-purchase.ts';
import { canonicalJson } from './http/canonical-json.ts';
import { faultsOf, invalid, ProblemError } from './http/problems.ts';
import { bounded, readableText, unreadableIn } from './http/readable.ts';
import { branchOf, localsOf, requestIdOf, requireBranch } from './keys/caller.ts';
import { returnOutcomes } from './monitoring/metrics.ts';
import { noPurchase, requireKey, sendJson } from './purchases.ts';

/** `POST /v1/purchases/{purchase_id}/returns`: taken back once, however often it is sent. */
export const postReturn =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const idempotencyKey = requireKey(request);
    const body: unknown = request.body;
    const id = z.guid().safeParse(request.params.purchase_id);
    const parsed = returnRequest.safeParse(bounded(body));
    if (!parsed.success) {
      const faults = faultsOf(parsed.error);
      const others = id.success ? await faultsOfPurchase(db, id.data, body, parsed.error, response) : [];
      throw invalid('invalid-content', [...faults, ...others]);
    }
    const { items, branch_id, cashier, reason } = parsed.data;
    if (branch_id != null) requireBranch(response, branch_id);
    if (!id.success) throw noPurchase();
    const { key } = localsOf(response);
    localsOf(response).purchaseId = id.data;
    const answer = await returnPurchase(db, id.data, {
      idempotency_key: idempotencyKey,
      credential: key?.key_id ?? null,
      // The same key for another purchase is other content.
      fingerprint: createHash('sha256')
        .update(`${id.data.toLowerCase()} ${canonicalJson(body)}`)
        .digest('hex'),
      branch_id: branch_id ?? branchOf(response) ?? null,
      items: items.map(({ product_id }) => product_id),
      quantities: items.map(({ quantity }) => quantity),
      cashier: cashier ?? null,
      reason: reason ?? null,
      request_id: requestIdOf(response),
      who: key?.key_id ?? 'loopback',
    });
    if (answer === undefined) throw noPurchase();
    returnOutcomes.inc({ outcome: answer.outcome });
    switch (answer.outcome) {
      case 'voided':
        throw new ProblemError('voided', 'this purchase is void: nothing of it can be returned');
      case 'refused':
        throw invalid('invalid-content', answer.faults);
      case 'conflict':
        throw new ProblemError('key-reused', 'this Idempotency-Key was used for another return');
      default:
        response.statusCode = 201;
        response.setHeader('Location', `/v1/purchases/${id.data}`);
        if (answer.outcome === 'replayed') response.setHeader('Idempotent-Replayed', 'true');
        sendJson(response, answer.body);
    }
  };

const { items } = returnRequest.shape;
const readableParts = z.object({
  branch_id: readableText.nullish().catch(null),
  items: z.array(z.object({ product_id: readableText.catch(''), quantity: items.element.shape.quantity.catch('1') })),
});

/**
 * What Postgres finds wrong in those parts of a malformed return that can be read, so that a till hears of all its faults at once.
 * Records nothing.
 */
const faultsOfPurchase = async (
  db: Database,
  purchaseId: string,
  body: unknown,
  unreadable: z.ZodError,
  response: Response,
): Promise<Fault[]> => {
  const parts = readableParts.safeParse(bounded(body));
  if (!parts.success) return [];
  const { branch_id, items: given } = parts.data;
  if (branch_id != null) requireBranch(response, branch_id);
  const answer = await returnPurchase(db, purchaseId, {
    ...{
      idempotency_key: null,
      credential: null,
      fingerprint: '',
      cashier: null,
      reason: null,
      request_id: null,
      who: null,
    },
    branch_id: branch_id ?? branchOf(response) ?? null,
    items: given.map(({ product_id }) => product_id),
    quantities: given.map(({ quantity }) => quantity),
  });
  if (answer?.outcome !== 'refused') return [];
  const isUnreadable = unreadableIn(unreadable);
  // What was unreadable was replaced above, and zod has named it.
  return answer.faults.filter(({ pointer }) => !isUnreadable(...pointer.split('/').slice(1)));
};
