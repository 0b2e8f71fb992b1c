import { ClickHouseError } from '@clickhouse/client';
import { READ_API, type ReadAnswer, type ReadEndpoint } from '@tillstream/schemas/read-api';
import { getApp, type App as TheApp } from '../app.ts';
import { getLog } from '../log.ts';
import { readBranches } from '../questions/catalog/branches.ts';
import { Parameters } from './parameters.ts';
import { ProblemError, problemResponse, unavailable, unknownBranch } from './problems.ts';
import { columnsOf, isColumnOf, tableFile } from './table-file.ts';

/** A question of the read API and what answers it. */
export interface Ask {
  app: TheApp;
  parameters: Parameters;
  /** The query string that they come from. */
  search: URLSearchParams;
  /** The branches of who asks; undefined: all. */
  branches: readonly string[] | undefined;
  /** Fires when the reader has gone or waited long enough. */
  signal: AbortSignal;
}

const LONGEST_MS = 10_000;

type Handler = (event: { url: URL; request: Request; locals: App.Locals }) => Promise<Response>;

/** A GET handler of the read API: the answer as it is or as JSON, or what went wrong as problem+json. */
export const answer = (read: (ask: Ask) => Promise<object>): Handler => handler(async (ask) => jsonOf(await read(ask)));

/**
 * A GET handler of an endpoint that answers with figures: as JSON that says which of them do not add up, with `format=csv`
 * or `format=parquet` its table as a file.
 */
export const figures = <E extends ReadEndpoint>(name: E, read: (ask: Ask) => Promise<ReadAnswer<E>>): Handler => {
  const { doesNotAddUp, rows } = READ_API[name];
  const tableOf = (found: object): object[] =>
    rows === undefined ? [found] : Object.entries(found).find(([key]) => key === rows)?.[1];
  const readText = async (ask: Ask) => {
    const found = await read(ask);
    const does_not_add_up = doesNotAddUp.filter(isColumnOf(tableOf(found)));
    return JSON.stringify({ ...found, does_not_add_up });
  };
  return handler(async (ask) => {
    const format = ask.parameters.oneOf('format', ['json', 'csv', 'parquet']) ?? 'json';
    if (format !== 'json') return tableFile(name, format, columnsOf(name), tableOf(await read(ask)));
    const text = await ask.app.inFlight(
      `${name}?${ask.search} ${ask.branches?.join()}`,
      (signal) => readText({ ...ask, signal }),
      ask.signal,
    );
    return jsonText(text);
  });
};

const handler =
  (respond: (ask: Ask) => Promise<Response>): Handler =>
  async ({ url, request, locals }) => {
    try {
      return await respond({
        app: getApp(),
        parameters: new Parameters(url.searchParams),
        search: url.searchParams,
        branches: locals.who === undefined ? [] : locals.who.branches,
        signal: AbortSignal.any([request.signal, AbortSignal.timeout(LONGEST_MS)]),
      });
    } catch (error) {
      return problemResponse(problemOf(error), url.pathname);
    }
  };

const jsonOf = (found: object): Response => (found instanceof Response ? found : jsonText(JSON.stringify(found)));

const jsonText = (text: string): Response =>
  new Response(text, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });

/** Throws a 404 when the catalog has no such branch, or it is none of theirs; undefined means all branches. */
export const requireBranch = async (
  { app, branches: theirs, signal }: Ask,
  branch: string | undefined,
): Promise<void> => {
  if (theirs !== undefined && (branch === undefined || !theirs.includes(branch))) throw unknownBranch(branch ?? '');
  if (branch === undefined) return;
  if ((await app.gold.now()).countries.has(branch)) return;
  // What is known may be a second old, and the branch newer.
  const branches = await readBranches(app.clickhouse, signal);
  if (!branches.some(({ branch_id }) => branch_id === branch)) throw unknownBranch(branch);
};

const problemOf = (error: unknown) => {
  if (error instanceof ProblemError) return error.problem;
  getLog().error({ err: error }, 'a question of the read API failed');
  if (isAway(error)) return unavailable().problem;
  return {
    kind: 'internal' as const,
    status: 500,
    title: 'Internal error',
    detail: 'The server could not answer. Its log has the reason.',
  };
};

/** Whether ClickHouse refused or could not be reached. That passes; an answer of the wrong shape does not. */
const isAway = (error: unknown): boolean =>
  error instanceof ClickHouseError ||
  (error instanceof Error && ('code' in error || ['AbortError', 'TimeoutError'].includes(error.name))) ||
  (error instanceof Error && /abort|timeout|socket hang up/i.test(error.message));
