import { ClickHouseError } from '@clickhouse/client';
import { READ_API, type ReadAnswer, type ReadEndpoint } from '@tillstream/schemas/read-api';
import { type App, getApp } from './app.ts';
import { getLog } from './log.ts';
import { Parameters } from './parameters.ts';
import { ProblemError, problemResponse, unavailable, unknownBranch } from './problems.ts';
import { readBranches } from './questions/branches.ts';
import { columnsOf, tableFile } from './table-file.ts';

/** What a question of the read API has to work with. */
export interface Ask {
  app: App;
  parameters: Parameters;
  /** Fires when the reader has gone or waited long enough. */
  signal: AbortSignal;
}

const LONGEST_MS = 10_000;

type Handler = (event: { url: URL; request: Request }) => Promise<Response>;

/** A GET handler of the read API: the answer as it is or as JSON, or what went wrong as problem+json. */
export const answer = (read: (ask: Ask) => Promise<object>): Handler => handler(async (ask) => jsonOf(await read(ask)));

/**
 * A GET handler of an endpoint that answers with figures: as JSON that says which of them do not add up, with `format=csv`
 * or `format=parquet` its table as a file.
 */
export const figures = <E extends ReadEndpoint>(name: E, read: (ask: Ask) => Promise<ReadAnswer<E>>): Handler => {
  const { doesNotAddUp, rows } = READ_API[name];
  return handler(async (ask) => {
    const format = ask.parameters.oneOf('format', ['json', 'csv', 'parquet']) ?? 'json';
    const found: object = await read(ask);
    if (format === 'json') return jsonOf({ ...found, does_not_add_up: doesNotAddUp });
    const table = rows === undefined ? [found] : Object.entries(found).find(([key]) => key === rows)?.[1];
    return tableFile(name, format, columnsOf(name), table);
  });
};

const handler =
  (respond: (ask: Ask) => Promise<Response>): Handler =>
  async ({ url, request }) => {
    try {
      return await respond({
        app: getApp(),
        parameters: new Parameters(url.searchParams),
        signal: AbortSignal.any([request.signal, AbortSignal.timeout(LONGEST_MS)]),
      });
    } catch (error) {
      return problemResponse(problemOf(error), url.pathname);
    }
  };

const jsonOf = (found: object): Response =>
  found instanceof Response ? found : Response.json(found, { headers: { 'cache-control': 'no-store' } });

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
