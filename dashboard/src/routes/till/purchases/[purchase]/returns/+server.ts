import { error } from '@sveltejs/kit';
import { returnRequest } from '@tillstream/schemas/api';
import { passOn, purchasePath } from '$lib/server/till/pass-on.ts';
import type { RequestHandler } from './$types';

/** `POST /till/purchases/{purchase_id}/returns`: part or all of a sale is taken back, in the branch of the till, which it names. */
export const POST: RequestHandler = (event) => {
  const path = purchasePath(event.params.purchase) ?? error(404);
  return passOn(event, {
    path: `${path}/returns`,
    body: returnRequest,
    withKey: true,
    by: ({ branch_id, cashier }) => ({ branch_id: branch_id ?? '', claimed: cashier }),
  });
};
