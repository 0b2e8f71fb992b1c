import { ClickHouseError } from '@clickhouse/client';
import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { READ_API, type ReadAnswer, type ReadEndpoint } from '@tillstream/schemas/read-api';
import { type App, getApp } from './app.ts';
import { getLog } from './log.ts';
import type { Marks } from './marks.ts';
import { Parameters, type Scope } from './parameters.ts';
import { ProblemError, problemResponse, unavailable, unknownBranch } from './problems.ts';
import { readBranches } from './questions/branches.ts';
import { readScopeMark } from './questions/scope-mark.ts';
import { columnsOf, tableFile } from './table-file.ts';

/** What a question of the read API has to work with. */
export interface Ask {
  app: App;
  parameters: Parameters;
  /** The query string that they come from. */
  search: URLSearchParams;
  /** Fires when the reader has gone or waited long enough. */
  signal: AbortSignal;
}

const LONGEST_MS = 10_000;

type Handler = (event: { url: URL; request: Request }) => Promise<Response>;

/** A GET handler of the read API: the answer as it is or as JSON, or what went wrong as problem+json. */
export const answer = (read: (ask: Ask) => Promise<object>): Handler => handler(async (ask) => jsonOf(await read(ask)));

/** What a figure is made of, and so what must be the same for an answer to be given again. */
export type MadeOf =
  /** Sales of this scope and the catalog, and nothing else: not of customers' totals. */
  | { salesOf: (parameters: Parameters, calendar: ShopCalendar) => Scope }
  /** Anything that ClickHouse holds. */
  | 'anything'
  /** It has a pace and an age of its own. */
  | 'paced';

/** The sales of the period and branch that were asked for. */
export const ITS_SALES: MadeOf = { salesOf: (parameters, calendar) => parameters.scope(calendar) };

/**
 * A GET handler of an endpoint that answers with figures: as JSON that says which of them do not add up, with `format=csv`
 * or `format=parquet` its table as a file.
 */
export const figures = <E extends ReadEndpoint>(
  name: E,
  madeOf: MadeOf,
  read: (ask: Ask) => Promise<ReadAnswer<E>>,
): Handler => {
  const { doesNotAddUp, rows } = READ_API[name];
  const readText = async (ask: Ask) => JSON.stringify({ ...(await read(ask)), does_not_add_up: doesNotAddUp });
  return handler(async (ask) => {
    const format = ask.parameters.oneOf('format', ['json', 'csv', 'parquet']) ?? 'json';
    if (format === 'json') {
      if (madeOf === 'paced') return jsonText(await readText(ask));
      const { app, search, signal } = ask;
      return jsonText(await app.answers(`${name}?${search}`, marksOf(ask, madeOf), () => readText(ask), signal));
    }
    const found: object = await read(ask);
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
        search: url.searchParams,
        signal: AbortSignal.any([request.signal, AbortSignal.timeout(LONGEST_MS)]),
      });
    } catch (error) {
      return problemResponse(problemOf(error), url.pathname);
    }
  };

const jsonOf = (found: object): Response => (found instanceof Response ? found : jsonText(JSON.stringify(found)));

const jsonText = (text: string): Response =>
  new Response(text, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });

/** A longer scope has so many days that anything that changed is the cheaper question. */
const LONGEST_MARKED_MS = 400 * 86_400_000;

/** The marks under which an answer stays true: those of its own sales where today's are not among them. */
const marksOf = ({ app, search }: Ask, madeOf: Exclude<MadeOf, 'paced'>): Marks => {
  if (madeOf === 'anything') return app.marks;
  const scope = madeOf.salesOf(new Parameters(search), app.calendar);
  const { dayOf, dayStart } = app.calendar;
  if (scope.from >= scope.to) return app.marks;
  if (scope.to > dayStart(dayOf(Date.now())) || scope.to - scope.from > LONGEST_MARKED_MS) return app.marks;
  return { now: (signal) => readScopeMark(app.clickhouse, app.gold, scope, signal), last: () => undefined };
};

/** Throws a 404 when the catalog has no such branch; undefined means all branches. */
export const requireBranch = async ({ app, signal }: Ask, branch: string | undefined): Promise<void> => {
  // A branch never leaves the catalog.
  if (branch === undefined || app.branchesSeen.has(branch)) return;
  for (const { branch_id } of await readBranches(app.clickhouse, signal)) app.branchesSeen.add(branch_id);
  if (!app.branchesSeen.has(branch)) throw unknownBranch(branch);
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
