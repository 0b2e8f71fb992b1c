import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler } from 'express';
import type { z } from 'zod';
import { faultsOf, invalid, ProblemError } from './problems.ts';

/** Far more than the largest purchase needs. */
const MAX_BODY = '64kb';

/** Parses a JSON body. What is not JSON in UTF-8 is refused rather than guessed at. */
export const jsonBody: RequestHandler = express.json({
  limit: MAX_BODY,
  strict: false,
  inflate: false,
  verify: (_request, _response, bytes, encoding) => {
    if (encoding !== 'utf-8') throw new ProblemError('media-type', 'the body must be in UTF-8');
    if (!isUtf8(bytes)) throw new ProblemError('malformed', 'the body is not UTF-8');
  },
});

/** As {@link jsonBody} for a body that may be absent or empty, which is `{}` or undefined then. */
export const optionalJsonBody: RequestHandler = express.json({
  limit: MAX_BODY,
  strict: false,
  inflate: false,
  // Whatever comes is looked at, since only an empty body needs no media type.
  type: () => true,
  verify: (request, _response, bytes, encoding) => {
    if (bytes.length === 0) return;
    const mediaType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (mediaType !== 'application/json' || encoding !== 'utf-8') {
      throw new ProblemError('media-type', 'the body must be application/json in UTF-8');
    }
    if (!isUtf8(bytes)) throw new ProblemError('malformed', 'the body is not UTF-8');
  },
});

/** Refuses a body of another media type, which {@link jsonBody} has left alone. */
export const requireJson: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json')) {
    throw new ProblemError('media-type', 'the body must be application/json in UTF-8');
  }
  next();
};

/** The body as its schema says, or the 422 with all that is wrong. */
export const readBody = <S extends z.ZodType>(schema: S, body: unknown): z.output<S> => {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw invalid('invalid-content', faultsOf(parsed.error));
  return parsed.data;
};
