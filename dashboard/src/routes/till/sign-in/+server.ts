import type { RequestEvent } from '@sveltejs/kit';
import { z } from 'zod';
import { badParameters, ProblemError, problemResponse } from '$lib/server/api/problems.ts';
import { getApp } from '$lib/server/app.ts';
import { orAway, requireTillOf, SIGN_IN_HEADER } from '$lib/server/till/cashier.ts';

const body = z.object({ branch_id: z.string().max(64), name: z.string().max(60), pin: z.string().max(8) });
const NO_STORE = { 'cache-control': 'no-store' };

const answer = (respond: (event: RequestEvent) => Promise<Response>) => async (event: RequestEvent) => {
  try {
    return await respond(event);
  } catch (error) {
    if (error instanceof ProblemError) return problemResponse(error.problem, event.url.pathname);
    throw error;
  }
};

/**
 * `GET /till/sign-in?branch=`: `{names, signed_in}`. `names`: who may sign in there; none: no sign-in is asked for. `signed_in`: the
 * name of the cashier whose token the header `Till-Sign-In` has, null when it is over or of another branch.
 */
export const GET = answer(async (event) => {
  const branch = event.url.searchParams.get('branch') ?? '';
  if (branch === '') throw badParameters([{ parameter: 'branch', detail: 'is missing' }]);
  requireTillOf(event, branch);
  const { signIns } = getApp();
  const token = event.request.headers.get(SIGN_IN_HEADER) ?? '';
  const [names, signIn] = await orAway(Promise.all([signIns.names(branch), signIns.find(token)]));
  const holds = signIn !== undefined && signIn.endedAt === undefined && signIn.branch_id === branch;
  return Response.json({ names, signed_in: holds ? signIn.name : null }, { headers: NO_STORE });
});

/**
 * `POST /till/sign-in` `{branch_id, name, pin}`: 201 `{sign_in, name}`. What is sold from now on goes with the header
 * `Till-Sign-In: <sign_in>`, also when it is sent later: the token says by whom, and opens nothing. 401: wrong; 423: too many wrong
 * PINs in a row, the owner sets another; 429: wait.
 */
export const POST = answer(async (event) => {
  const parsed = body.safeParse(await event.request.json().catch(() => undefined));
  if (!parsed.success) throw problem(422, 'Not a sign-in', 'Send {branch_id, name, pin}.');
  const { branch_id, name, pin } = parsed.data;
  const who = requireTillOf(event, branch_id);
  const { signIns, audit } = getApp();
  const address = event.getClientAddress();
  const tried = await orAway(signIns.attempt(branch_id, name, pin, `${who.name} ${address}`));
  switch (tried.kind) {
    case 'in':
      await audit({ action: 'till sign-in', who: tried.name, role: tried.role, subject: branch_id, address });
      return Response.json({ sign_in: tried.token, name: tried.name }, { status: 201, headers: NO_STORE });
    case 'later': {
      const response = problemResponse(
        problem(429, 'Too many attempts', `The next one is possible in ${tried.seconds} s.`).problem,
        event.url.pathname,
      );
      response.headers.set('retry-after', String(tried.seconds));
      return response;
    }
    case 'locked':
      throw problem(423, 'This PIN is locked', 'Too many wrong PINs in a row. The owner sets a new one.');
    default: {
      const action = tried.lastTry ? 'PIN locked' : 'PIN refused';
      await audit({ action, who: tried.name ?? 'unknown', role: 'nobody', subject: branch_id, address });
      throw problem(401, 'Wrong', 'This is not the PIN of this cashier.');
    }
  }
});

/** `DELETE /till/sign-in`: signs out whose token the header `Till-Sign-In` has. Send what was sold under it first, or later with it. */
export const DELETE = answer(async (event) => {
  const { signIns, audit } = getApp();
  const token = event.request.headers.get(SIGN_IN_HEADER) ?? '';
  const signIn = await orAway(signIns.find(token));
  if (signIn !== undefined && signIn.endedAt === undefined) {
    await orAway(signIns.end(token));
    const { name, role, branch_id } = signIn;
    await audit({ action: 'till sign-out', who: name, role, subject: branch_id, address: event.getClientAddress() });
  }
  return new Response(null, { status: 204 });
});

const problem = (status: number, title: string, detail: string) =>
  new ProblemError({ kind: 'sign-in', status, title, detail });
