import { MAX_FOUND, purchaseQuery, type purchasesResponse, storedPurchaseResponse } from '@tillstream/schemas/api';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Database } from '../../postgres/database.ts';
import { ProblemError } from '../http/problems.ts';
import { branchOf } from '../keys/caller.ts';

const row = z.object({ status: z.string(), body: z.string(), returns: z.string() });

/**
 * `GET /v1/purchases?receipt_number=…`: what a return needs to know of a sale, in whichever branch it was. To a key of one branch the
 * customers of others stay unknown, and so does how often they buy.
 */
export const findPurchases =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const asked = purchaseQuery.safeParse(request.query);
    if (!asked.success) {
      const [issue] = asked.error.issues;
      throw new ProblemError('malformed', `the parameter ${issue?.path.join('.')}: ${issue?.message}`);
    }
    const { rows } = await db.query({
      name: 'find_purchases',
      text: `select case when voided_at is null then 'recorded' else 'voided' end as status,
          purchase_json(p, stored_items_json(purchase_id)) as body, stored_returns_json(purchase_id) as returns
        from purchases p where receipt_number = $1 and ($2::text is null or branch_id = $2)
        order by sold_at desc, purchase_id limit $3`,
      values: [asked.data.receipt_number, asked.data.branch ?? null, MAX_FOUND],
    });
    const ownBranch = branchOf(response);
    const found: z.input<typeof purchasesResponse> = {
      purchases: rows.map((stored) => {
        const { status, body, returns } = row.parse(stored);
        const purchase = storedPurchaseResponse.parse({ ...JSON.parse(body), status, returns: JSON.parse(returns) });
        const isForeign = ownBranch !== undefined && ownBranch !== purchase.branch_id;
        return isForeign ? { ...purchase, customer_id: null, customer: null } : purchase;
      }),
    };
    response.json(found);
  };
