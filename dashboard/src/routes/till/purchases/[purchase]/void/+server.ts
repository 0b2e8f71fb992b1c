import { error } from '@sveltejs/kit';
import { storedPurchaseResponse, voidRequest } from '@tillstream/schemas/api';
import { ProblemError, problemResponse } from '$lib/server/api/problems.ts';
import { askPosApi } from '$lib/server/pos-api.ts';
import { orAway, requireTillOf } from '$lib/server/till/cashier.ts';
import { passOn, purchasePath } from '$lib/server/till/pass-on.ts';
import type { RequestHandler } from './$types';

/** `POST /till/purchases/{purchase_id}/void`: a sale of a branch of who is logged in is taken back as if it had never been. */
export const POST: RequestHandler = async (event) => {
  const path = purchasePath(event.params.purchase) ?? error(404);
  try {
    const response = await orAway(askPosApi(path));
    if (response.ok) requireTillOf(event, storedPurchaseResponse.parse(await response.json()).branch_id);
  } catch (problem) {
    if (problem instanceof ProblemError) return problemResponse(problem.problem, event.url.pathname);
    throw problem;
  }
  return passOn(event, { path: `${path}/void`, body: voidRequest });
};
