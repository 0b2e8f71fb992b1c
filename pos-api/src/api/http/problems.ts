import { STATUS_CODES } from 'node:http';
import type { Fault, Problem } from '@tillstream/schemas/api';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { QueueFullError } from '../../commit/queue.ts';
import { gaveWay, isUnavailable } from '../../postgres/database.ts';

/** Every kind of problem: the last part of its `type`, which is stable, for programs. */
export const PROBLEMS = {
  malformed: { status: 400, meaning: 'The path or the body is not well-formed.' },
  'no-idempotency-key': {
    status: 400,
    meaning: 'The header Idempotency-Key is missing or not 1–255 printable characters.',
  },
  unauthenticated: { status: 401, meaning: 'There is no valid API key.' },
  forbidden: { status: 403, meaning: 'The key lacks the scope, or is for another branch.' },
  foreign: {
    status: 403,
    meaning: 'A web page of another site sent it, or it names a host that is not answered here.',
  },
  'not-found': { status: 404, meaning: 'There is nothing at this place.' },
  'method-not-allowed': { status: 405, meaning: 'The place has other methods: see Allow.' },
  exists: { status: 409, meaning: 'The id is taken by something else.' },
  'too-large': { status: 413, meaning: 'The body is larger than 64 kB.' },
  'media-type': { status: 415, meaning: 'The body is not plain application/json in UTF-8.' },
  'invalid-purchase': { status: 422, meaning: 'The purchase cannot be recorded as it is; every fault is listed.' },
  'invalid-content': { status: 422, meaning: 'The content is not right; every fault is listed.' },
  voided: { status: 422, meaning: 'The purchase is void: nothing of it can be returned.' },
  returned: { status: 422, meaning: 'Something of the purchase was returned: it can no longer be voided.' },
  'key-reused': { status: 422, meaning: 'The Idempotency-Key was used for other content.' },
  'too-many-requests': { status: 429, meaning: 'The limit of the key or address is used up: see Retry-After.' },
  internal: { status: 500, meaning: 'Something went wrong inside.' },
  overloaded: { status: 503, meaning: 'Too many purchases wait already.' },
  unavailable: {
    status: 503,
    meaning: 'Postgres does not answer. The purchase may be recorded or not: the same key tells.',
  },
  stopping: { status: 503, meaning: 'This instance is stopping; another one, or this one in a moment, takes it.' },
} as const;

export type ProblemKind = keyof typeof PROBLEMS;

/** The problem's `type`. */
export const problemType = (kind: ProblemKind): string => `urn:tillstream:problem:${kind}`;

/** More faults than this help nobody. */
const MAX_FAULTS = 100;

/** An answer other than the good one, as RFC 9457 problem details. */
export class ProblemError extends Error {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly faults: Fault[] | undefined;
  readonly headers: Record<string, string>;

  constructor(kind: ProblemKind, detail: string, options: { faults?: Fault[]; headers?: Record<string, string> } = {}) {
    super(detail);
    this.kind = kind;
    this.status = PROBLEMS[kind].status;
    this.faults = options.faults;
    this.headers = options.headers ?? {};
  }
}

/** Any path that has no route. */
export const notFound: RequestHandler = (request) => {
  throw new ProblemError('not-found', `there is nothing at ${request.method} ${request.path}`);
};

/** A path that has routes, but not for this method. */
export const methodNotAllowed =
  (methods: readonly string[]): RequestHandler =>
  (request) => {
    const headers = { Allow: methods.join(', ') };
    throw new ProblemError('method-not-allowed', `${request.method} is not possible here`, { headers });
  };

/** Zod's issues as faults: each path becomes a JSON pointer (RFC 6901) in a URI fragment; each unknown field is one. */
export const faultsOf = (error: z.ZodError): Fault[] =>
  error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), detail: 'unknown field' }))
      : [{ pointer: pointerTo(issue.path), detail: issue.message }],
  );

const pointerTo = (path: readonly PropertyKey[]): string =>
  `#${path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;

/** The 422 that lists faults, each once, those past the first hundred left out. */
export const invalid = (kind: 'invalid-purchase' | 'invalid-content', faults: readonly Fault[]): ProblemError => {
  const unique = [...new Map(faults.map((fault) => [`${fault.pointer} ${fault.detail}`, fault])).values()];
  const what = kind === 'invalid-purchase' ? 'the purchase cannot be recorded as it is' : 'the content is not right';
  const detail = unique.length > MAX_FAULTS ? `${what}; the first ${MAX_FAULTS} of ${unique.length} faults` : what;
  return new ProblemError(kind, detail, { faults: unique.slice(0, MAX_FAULTS) });
};

/** Turns whatever was thrown into a problem; what is not the caller's doing is logged and tells nothing inside. */
export const answerProblem =
  (log: (error: unknown, response: Response) => void): ErrorRequestHandler =>
  (error, request, response, _next) => {
    const known = asProblem(error);
    if (known.status >= 500) log(error, response);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const headers = known.status === 503 ? { 'Retry-After': '1', ...known.headers } : known.headers;
    response.status(known.status).set(headers).type('application/problem+json');
    response.end(JSON.stringify(problemBody(known, request.originalUrl)));
  };

/** The body of a problem. */
const problemBody = (error: ProblemError, instance?: string): Problem => ({
  type: problemType(error.kind),
  title: STATUS_CODES[error.status] ?? 'Error',
  status: error.status,
  detail: error.message,
  ...(instance !== undefined && { instance }),
  ...(error.faults && { errors: error.faults }),
});

const asProblem = (error: unknown): ProblemError => {
  if (error instanceof ProblemError) return error;
  if (error instanceof QueueFullError) return new ProblemError('overloaded', 'too many purchases wait to be recorded');
  // Other transactions that several attempts did not get past: not now, but soon.
  if (isUnavailable(error) || gaveWay(error)) {
    return new ProblemError('unavailable', 'Postgres does not answer right now; the same request may be sent again');
  }
  // What body-parser and Express throw for a broken request carries its status.
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  switch (status) {
    case 400:
      return new ProblemError(
        'malformed',
        error instanceof URIError ? 'the path is not well-formed' : 'the body is not well-formed JSON',
      );
    case 413:
      return new ProblemError('too-large', 'the body is larger than 64 kB');
    case 415:
      return new ProblemError('media-type', 'the body must be application/json in UTF-8, not compressed');
    default:
      return new ProblemError('internal', 'something went wrong inside; the same request may be sent again');
  }
};
