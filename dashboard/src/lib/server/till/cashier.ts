import type { RequestEvent } from '@sveltejs/kit';
import { ProblemError, unavailable } from '../api/problems.ts';
import { getApp } from '../app.ts';
import { hasBranch, type Who } from '../login/who.ts';

/** The header with which a till says which sign-in something was done under; see `POST /till/sign-in`. */
export const SIGN_IN_HEADER = 'till-sign-in';

/** The till's clock may be so much ahead (ms). */
const AHEAD_MS = 10_000;

type TillEvent = Pick<RequestEvent, 'request' | 'locals'>;

/** Who asks on a route of the till. @throws ProblemError 403 when the branch is none of theirs */
export const requireTillOf = ({ locals }: TillEvent, branch: string): Who => {
  const { who } = locals;
  if (who === undefined || !hasBranch(who, branch)) throw forbidden(`This login is not for the branch ${branch}.`);
  return who;
};

/**
 * The cashier of a sale or a return of a till: the one whose sign-in it came with, whatever its body says. In a branch where
 * nobody has a PIN there is none; without a login it is the one that the till names.
 *
 * @param done where and when it was done (absent: now), and whom the till names
 * @throws ProblemError 403: another branch; 401: nobody is signed in, the same again after a sign-in may succeed; 422: whoever was
 *   signed in was so no more, or in another branch; 503: nobody can tell now
 */
export const cashierOf = async (
  event: TillEvent,
  done: { branch_id: string; at?: string | null | undefined; claimed?: string | null | undefined },
): Promise<string | undefined> => {
  requireTillOf(event, done.branch_id);
  const { signIns, login } = getApp();
  const token = event.request.headers.get(SIGN_IN_HEADER) ?? '';
  const signIn = await orAway(signIns.find(token));
  if (signIn === undefined) {
    const names = await orAway(signIns.names(done.branch_id));
    if (names.length === 0) return login === undefined ? (done.claimed ?? undefined) : undefined;
    throw signInProblem(401, 'Nobody is signed in at this till', 'Sign in with your name and PIN.');
  }
  const { name, branch_id, endedAt } = signIn;
  if (branch_id !== done.branch_id) {
    throw signInProblem(422, 'Another branch', `${name} had signed in at ${branch_id}, not at ${done.branch_id}.`);
  }
  const at = done.at == null ? Date.now() : Date.parse(done.at);
  if (endedAt !== undefined && at > endedAt + AHEAD_MS) {
    throw signInProblem(422, 'Signed out', `${name} was not signed in any more at ${new Date(at).toISOString()}.`);
  }
  return name;
};

/** What Postgres knows; while it is away, a problem that passes. */
export const orAway = async <T>(asked: Promise<T>): Promise<T> => {
  try {
    return await asked;
  } catch {
    throw unavailable();
  }
};

const forbidden = (detail: string) =>
  new ProblemError({ kind: 'forbidden', status: 403, title: 'Not with this login', detail });

const signInProblem = (status: number, title: string, detail: string) =>
  new ProblemError({ kind: 'sign-in', status, title, detail });
