import { newTill } from '@tillstream/schemas/api';
import { ProblemError, problemResponse } from '$lib/server/api/problems.ts';
import { requireTillOf } from '$lib/server/till/cashier.ts';
import { passOn } from '$lib/server/till/pass-on.ts';
import type { RequestHandler } from './$types';

/** `POST /till/branches/{branch_id}/tills`: the number of this device in a branch. */
export const POST: RequestHandler = (event) => {
  const { branch } = event.params;
  try {
    requireTillOf(event, branch);
  } catch (problem) {
    if (problem instanceof ProblemError) return problemResponse(problem.problem, event.url.pathname);
    throw problem;
  }
  return passOn(event, { path: `/v1/branches/${encodeURIComponent(branch)}/tills`, body: newTill });
};
