import { createHash } from 'node:crypto';
import { returnRequest } from '@tillstream/schemas/api';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Database } from '../postgres/database.ts';
import { returnPurchase } from '../return-purchase.ts';
import { readBody } from './http/body.ts';
import { canonicalJson } from './http/canonical-json.ts';
import { invalid, ProblemError } from './http/problems.ts';
import { branchOf, localsOf, requestIdOf, requireBranch } from './keys/caller.ts';
import { returnOutcomes } from './monitoring/metrics.ts';
import { noPurchase, requireKey, sendJson } from './purchases.ts';

/** `POST /v1/purchases/{purchase_id}/returns`: taken back once, however often it is sent. */
export const postReturn =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const idempotencyKey = requireKey(request);
    const body: unknown = request.body;
    const { items, branch_id, cashier, reason } = readBody(returnRequest, body);
    if (branch_id != null) requireBranch(response, branch_id);
    const id = z.guid().safeParse(request.params.purchase_id);
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
