import { STATUS_CODES } from 'node:http';
import type { Fault, Problem } from '@tillstream/schemas/api';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { QueueFullError } from '../commit/queue.ts';
import { isUnavailable } from '../database.ts';

/** An answer other than the good one, as RFC 9457 problem details. */
export class ProblemError extends Error {
  readonly status: number;
  /** Last part of the problem's `type`: stable, for programs. */
  readonly kind: string;
  readonly faults: Fault[] | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    kind: string,
    detail: string,
    options: { faults?: Fault[]; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.faults = options.faults;
    this.headers = options.headers ?? {};
  }
}

const RETRY_SOON = { 'Retry-After': '1' };

/** Any path that has no route. */
export const notFound: RequestHandler = (request) => {
  throw new ProblemError(404, 'not-found', `there is nothing at ${request.method} ${request.path}`);
};

/** Turns whatever was thrown into a problem; what is not the caller's doing is logged and tells nothing inside. */
export const answerProblem =
  (log: (error: unknown) => void): ErrorRequestHandler =>
  (error, request, response, _next) => {
    const known = asProblem(error);
    if (known.status >= 500) log(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    sendProblem(response, known, request.originalUrl);
  };

const sendProblem = (response: Response, error: ProblemError, instance: string): void => {
  const body: Problem = {
    type: `urn:tillstream:problem:${error.kind}`,
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    detail: error.message,
    instance,
    ...(error.faults && { errors: error.faults }),
  };
  response.status(error.status).set(error.headers).type('application/problem+json').end(JSON.stringify(body));
};

const asProblem = (error: unknown): ProblemError => {
  if (error instanceof ProblemError) return error;
  if (error instanceof QueueFullError) {
    return new ProblemError(503, 'overloaded', 'too many purchases wait to be recorded', { headers: RETRY_SOON });
  }
  if (isUnavailable(error)) {
    return new ProblemError(503, 'unavailable', 'purchases cannot be recorded right now', { headers: RETRY_SOON });
  }
  // What body-parser and Express throw for a broken request carries its status.
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  switch (status) {
    case 400:
      return new ProblemError(400, 'malformed', 'the request is not well-formed JSON');
    case 413:
      return new ProblemError(413, 'too-large', 'the body is too large');
    case 415:
      return new ProblemError(415, 'media-type', 'the body must be application/json in UTF-8');
    default:
      return new ProblemError(500, 'internal', 'something went wrong inside; the same request may be sent again');
  }
};
