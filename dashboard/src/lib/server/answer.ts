import { ClickHouseError } from '@clickhouse/client';
import { type App, getApp } from './app.ts';
import { csvResponse } from './csv.ts';
import { getLog } from './log.ts';
import { Parameters } from './parameters.ts';
import { ProblemError, problemResponse, unavailable, unknownBranch } from './problems.ts';
import { readBranches } from './questions/branches.ts';

/** What a question of the read API has to work with. */
export interface Ask {
  app: App;
  parameters: Parameters;
  /** Fires when the reader has gone or waited long enough. */
  signal: AbortSignal;
}

const LONGEST_MS = 20_000;

/**
 * A GET handler of the read API: the answer as JSON, with `format=csv` its table as CSV, or what went wrong as
 * problem+json.
 *
 * @param table the name of the answer's array of rows; absent: the answer is one row itself
 */
export const answer =
  (read: (ask: Ask) => Promise<object>, table?: string) =>
  async ({ url, request }: { url: URL; request: Request }): Promise<Response> => {
    try {
      const parameters = new Parameters(url.searchParams);
      const format = parameters.oneOf('format', ['json', 'csv']);
      const found = await read({
        app: getApp(),
        parameters,
        signal: AbortSignal.any([request.signal, AbortSignal.timeout(LONGEST_MS)]),
      });
      if (format === 'csv' && !(found instanceof Response)) return csvResponse(rowsOf(found, table), url.pathname);
      return found instanceof Response ? found : Response.json(found, { headers: { 'cache-control': 'no-store' } });
    } catch (error) {
      return problemResponse(problemOf(error), url.pathname);
    }
  };

const rowsOf = (found: object, table: string | undefined): object[] => {
  const rows = table === undefined ? undefined : Object.entries(found).find(([name]) => name === table)?.[1];
  return Array.isArray(rows) ? rows : [found];
};

/** Throws a 404 when the catalog has no such branch; undefined means all branches. */
export const requireBranch = async ({ app, signal }: Ask, branch: string | undefined): Promise<void> => {
  if (branch === undefined) return;
  const branches = await readBranches(app.clickhouse, signal);
  if (!branches.some((known) => known.branch_id === branch)) throw unknownBranch(branch);
};

const problemOf = (error: unknown) => {
  if (error instanceof ProblemError) return error.problem;
  getLog().error({ err: error }, 'a question of the read API failed');
  if (isAway(error)) return unavailable().problem;
  return {
    kind: 'internal' as const,
    status: 500,
    title: 'Something went wrong',
    detail: 'The server could not answer. The reason is in its log.',
  };
};

/** Whether ClickHouse refused or could not be reached: something that passes, other than an answer nobody can read. */
const isAway = (error: unknown): boolean =>
  error instanceof ClickHouseError ||
  (error instanceof Error && ('code' in error || ['AbortError', 'TimeoutError'].includes(error.name))) ||
  (error instanceof Error && /abort|timeout|socket hang up/i.test(error.message));
