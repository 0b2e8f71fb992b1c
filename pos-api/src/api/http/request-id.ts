import { randomUUID } from 'node:crypto';
import { requestId } from '@tillstream/schemas/api';
import type { RequestHandler } from 'express';
import { localsOf } from '../keys/caller.ts';

/** Takes the caller's `X-Request-Id` when it is well-formed, else makes one; answers with it. */
export const giveRequestId: RequestHandler = (request, response, next) => {
  const given = request.headers['x-request-id'];
  const id = given !== undefined && requestId.safeParse(given).success ? String(given) : randomUUID();
  localsOf(response).requestId = id;
  response.setHeader('X-Request-Id', id);
  next();
};
