import type { RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { localsOf } from '../keys/caller.ts';
import { ProblemError } from './problems.ts';

/** Long enough that a till may send what it kept while it was offline in one go. */
const WINDOW_SECONDS = 10;

/**
 * Limits each key, and each address that has none, to so many requests a second on average; counted in this process, so
 * that no request waits for a store. Says so in `RateLimit` and `RateLimit-Policy`; past it 429 with `Retry-After`.
 */
export const limitRate = (perSecond: number): RequestHandler =>
  rateLimit({
    windowMs: WINDOW_SECONDS * 1000,
    limit: perSecond * WINDOW_SECONDS,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'requests',
    keyGenerator: (request, response) => {
      const key = localsOf(response as never).key;
      return key ? `key ${key.key_id}` : ipKeyGenerator(request.ip ?? '');
    },
    handler: (_request, _response, next) => {
      next(new ProblemError('too-many-requests', `at most ${perSecond} requests a second, over ${WINDOW_SECONDS} s`));
    },
  });
