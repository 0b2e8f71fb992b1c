import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { foreignRequest } from '@tillstream/schemas/foreign-request';
import type { Engine, Outcome, Run } from './engine.ts';
import { ClickHouseError } from './errors.ts';
import { contentType } from './formats.ts';
import { type QueryRequest, readRequest } from './request.ts';
import { Slots } from './slots.ts';
import { inspect, quote, type Statement } from './sql.ts';
import { authenticate, canonicalQuery, checkReadOnlyQuery, checkSettings, type User } from './users.ts';

/**
 * How many queries run at once. On 2 cores more than 6 only share the same time; analysts have places of their own, so
 * that they can fill neither those of the writers nor those of the dashboard.
 */
export const PLACES = { default: 6, analyst: 2 };
const MAX_WAITING = { default: 256, analyst: 16 };

const READING_VERBS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN']);

export interface Handler {
  (req: IncomingMessage, res: ServerResponse): void;
  /** Queries running now. */
  running(): number;
}

/** Answers ClickHouse's HTTP interface from an engine: queries on `/`, and `/ping`, `/replicas_status`. */
export function createHandler(engine: Engine): Handler {
  const slots = {
    default: new Slots(PLACES.default, MAX_WAITING.default),
    analyst: new Slots(PLACES.analyst, MAX_WAITING.analyst),
  };
  const running = new Set<string>();

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const reason = foreignRequest(req, { anyHost: false });
    if (reason !== undefined) throw ClickHouseError.of(516, 'AUTHENTICATION_FAILED', `Refused: ${reason}`);
    const url = new URL(req.url ?? '/', 'http://localhost');
    if (url.pathname === '/ping' || url.pathname === '/replicas_status') return ok(res);
    if (url.pathname !== '/') {
      res.writeHead(404, { 'Content-Type': 'text/plain; charset=UTF-8' });
      res.end(`There is no handle ${url.pathname}\n`);
      return;
    }
    const request = await readRequest(req, url);
    res.setHeader('X-ClickHouse-Query-Id', request.id);
    if (req.method === 'HEAD' || request.sql.length === 0) return ok(res);
    const user = authenticate(request.user, request.password);
    user.count();
    await answerQuery(user, request, res);
  }

  async function answerQuery(user: User, request: QueryRequest, res: ServerResponse): Promise<void> {
    const statement = inspect(request.sql.toString('latin1'));
    checkSettings(user, request.settings, request.params);
    const gone = new AbortController();
    const tag = `/* ${request.id} */ `;
    let runs = false;
    res.once('close', () => {
      if (res.writableFinished) return;
      gone.abort(new Error('The client has gone'));
      if (runs && request.cancelWhenGone && READING_VERBS.has(statement.verb)) engine.kill(tag).catch(() => {});
    });
    const release = await (user.readOnly ? slots.analyst : slots.default).take(gone.signal);
    running.add(request.id);
    const run = engine.open();
    try {
      await prepare(run, user, request);
      runs = true;
      const outcome = await execute(run, user, request, statement, tag);
      await send(res, request, statement.format ?? request.format, outcome);
    } finally {
      runs = false;
      run.close();
      running.delete(request.id);
      release();
    }
  }

  async function execute(run: Run, user: User, request: QueryRequest, statement: Statement, tag: string) {
    let skip = 0;
    try {
      if (statement.verb === 'INSERT' && !user.readOnly) return await run.insert(request.sql, statement);
      let sql = request.sql.toString();
      if (user.readOnly) {
        sql = Buffer.from((await run.query(canonicalQuery(sql), 'TSVRaw')).bytes)
          .toString()
          .trimEnd();
        checkReadOnlyQuery(sql);
      }
      if (statement.verb === 'KILL') sql = withOurIds(sql, running);
      // The engine makes up its own query ids; the comment is how a query is found again, to cancel it.
      skip = tag.length;
      return await run.query(tag + sql, request.format);
    } catch (cause) {
      throw ClickHouseError.from(cause, skip);
    }
  }

  const handler = (req: IncomingMessage, res: ServerResponse) => {
    answer(req, res).catch((cause) => fail(res, ClickHouseError.from(cause)));
  };
  return Object.assign(handler, { running: () => running.size });
}

/** Gives the fresh session its user, database, settings and parameters, in an order in which nobody gets out again. */
async function prepare(run: Run, user: User, request: QueryRequest): Promise<void> {
  const statements = [...user.prelude];
  // A fresh session is in `default` already, and an analyst may not look at it.
  if (request.database && request.database !== 'default') {
    statements.push(`USE \`${request.database.replace(/[\\`]/g, '\\$&')}\``);
  }
  const changes = [
    ...[...request.settings].map(([key, value]) => `${key} = ${quote(value)}`),
    ...[...request.params].map(([key, value]) => `param_${key} = ${quote(value)}`),
  ];
  if (changes.length) statements.push(`SET ${changes.join(', ')}`);
  statements.push(...user.seal);
  if (request.readOnly && !user.readOnly && !request.settings.has('readonly')) statements.push('SET readonly = 2');
  if (statements.length) await run.query(statements.join(';\n'), 'Null');
}

/** `KILL QUERY WHERE query_id = '…'` with an id a client gave us, in terms of the engine. */
function withOurIds(sql: string, running: ReadonlySet<string>): string {
  return sql.replace(/\bquery_id\s*=\s*'([\w.:-]+)'/gi, (match, id) =>
    running.has(id) ? `startsWith(query, '/* ${id} */')` : match,
  );
}

async function send(res: ServerResponse, request: QueryRequest, format: string, outcome: Outcome): Promise<void> {
  const summary = {
    // The engine does not tell how much it read.
    read_rows: '0',
    read_bytes: '0',
    written_rows: String(outcome.writtenRows),
    written_bytes: String(outcome.writtenBytes),
    total_rows_to_read: '0',
    result_rows: String(outcome.writtenRows || outcome.resultRows),
    result_bytes: String(outcome.writtenBytes || outcome.resultBytes),
    elapsed_ns: String(Math.round(outcome.elapsed * 1e9)),
  };
  let body = outcome.bytes;
  if (request.gzipAnswer && body.length > 0) {
    body = await promisify(gzip)(body, { level: constants.Z_BEST_SPEED });
    res.setHeader('Content-Encoding', 'gzip');
  }
  res.writeHead(200, {
    ...COMMON_HEADERS,
    'Content-Type': contentType(format),
    'Content-Length': body.length,
    'X-ClickHouse-Format': format,
    'X-ClickHouse-Summary': JSON.stringify(summary),
  });
  res.end(body);
}

function ok(res: ServerResponse): void {
  res.writeHead(200, { ...COMMON_HEADERS, 'Content-Type': 'text/html; charset=UTF-8' });
  res.end('Ok.\n');
}

function fail(res: ServerResponse, error: ClickHouseError): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  // Part of the body may still be on its way: this connection cannot carry another request.
  if (!res.req.complete) res.setHeader('Connection', 'close');
  res.writeHead(error.status, {
    ...COMMON_HEADERS,
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': error.code,
  });
  res.end(`${error.message}\n`);
}

const COMMON_HEADERS = {
  'X-ClickHouse-Server-Display-Name': 'tillstream',
  'X-ClickHouse-Timezone': 'UTC',
};
