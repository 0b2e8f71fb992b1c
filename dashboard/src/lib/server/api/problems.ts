/** What was wrong with a request, as RFC 9457 describes it. */
export interface Problem {
  /** Last part of the problem's URI; stable, so that programs can tell problems apart. */
  kind:
    | 'bad-parameter'
    | 'unknown-branch'
    | 'not-found'
    | 'unauthenticated'
    | 'sign-in'
    | 'forbidden'
    | 'unavailable'
    | 'internal';
  status: number;
  title: string;
  detail: string;
  errors?: { detail: string; parameter: string }[];
}

/** Thrown by whoever finds a {@link Problem}; answered as its body. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** 422: every fault of the query string at once, each with the parameter it is in. */
export const badParameters = (errors: { detail: string; parameter: string }[]): ProblemError =>
  new ProblemError({
    kind: 'bad-parameter',
    status: 422,
    title: 'A parameter is wrong',
    detail: errors.map((error) => `${error.parameter}: ${error.detail}`).join('; '),
    errors,
  });

/** 404: the catalog knows no such branch. */
export const unknownBranch = (branch: string): ProblemError =>
  new ProblemError({
    kind: 'unknown-branch',
    status: 404,
    title: 'Unknown branch',
    detail: `There is no branch ${JSON.stringify(branch)}.`,
  });

/** 503: the figures cannot be read now; the same request may succeed later. */
export const unavailable = (): ProblemError =>
  new ProblemError({
    kind: 'unavailable',
    status: 503,
    title: 'Figures are not available',
    detail: 'The figures cannot be read at the moment. Try again shortly.',
  });

/** The problem as an `application/problem+json` response; `instance` is the path that was asked for. */
export const problemResponse = ({ kind, ...problem }: Problem, instance: string): Response =>
  Response.json(
    { type: `urn:tillstream:problem:${kind}`, ...problem, instance },
    {
      status: problem.status,
      headers: {
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        ...(problem.status === 503 ? { 'retry-after': '2' } : {}),
      },
    },
  );
