import type { Scope } from '@tillstream/schemas/api';
import { bearerOf } from '@tillstream/schemas/credentials/api-keys';
import type { RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Cause } from '../../catalog.ts';
import type { ApiKey } from '../../keys/api-keys.ts';
import type { TraceSpan } from '../../tracing.ts';
import { ProblemError } from '../http/problems.ts';
import type { KeyRing } from './key-ring.ts';

/** Who calls (the key that was given, or nobody known), in which trace, and which purchase it was about. */
const locals = z.object({
  requestId: z.string(),
  key: z.custom<ApiKey>().optional(),
  trusted: z.boolean().optional(),
  span: z.custom<TraceSpan>().optional(),
  purchaseId: z.string().optional(),
});
type Locals = z.output<typeof locals>;

/** What the middlewares have found out about the request of this response. */
export const localsOf = (response: Response): Partial<Locals> => response.locals;

/** The id of the request, see {@link giveRequestId}. */
export const requestIdOf = (response: Response): string => localsOf(response).requestId ?? '';

/** What a change of this request is written down as. */
export const causeOf = (response: Response): Cause => ({
  request_id: requestIdOf(response),
  key_id: localsOf(response).key?.key_id,
});

/**
 * Finds out whose key it is. Refuses nothing yet: who has no key is limited by address before being refused.
 *
 * @param ring absent: keys are off, and every caller may do everything
 */
export const identify =
  (ring: KeyRing | undefined): RequestHandler =>
  async (request, response, next) => {
    const found = localsOf(response);
    if (ring === undefined) {
      found.trusted = true;
    } else {
      const key = bearerOf(request.headers.authorization);
      const owner = key === undefined ? undefined : await ring.find(key);
      if (owner !== undefined) found.key = owner;
    }
    next();
  };

/** Lets in only whose key has one of the scopes. */
export const requireScope =
  (scopes: readonly Scope[]): RequestHandler =>
  (_request, response, next) => {
    const { trusted, key } = localsOf(response);
    if (!trusted) {
      if (key === undefined) {
        throw new ProblemError('unauthenticated', 'a valid API key is required: Authorization: Bearer <key>', {
          headers: { 'WWW-Authenticate': 'Bearer realm="tillstream"' },
        });
      }
      if (!scopes.some((scope) => key.scopes.includes(scope)))
        throw new ProblemError('forbidden', `this key lacks the scope ${scopes.join(' or ')}`);
    }
    next();
  };

/** The one branch that the key is for; undefined for a key of the chain, or where keys are off. */
export const branchOf = (response: Response): string | undefined => localsOf(response).key?.branch_id ?? undefined;

/** Refuses what belongs to another branch than the key's. */
export const requireBranch = (response: Response, branchId: string): void => {
  const { key } = localsOf(response);
  if (key && key.branch_id !== null && key.branch_id !== branchId) {
    throw new ProblemError('forbidden', `this key is for the branch ${key.branch_id}`);
  }
};
