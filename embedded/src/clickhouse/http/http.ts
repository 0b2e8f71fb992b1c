import type { IncomingMessage, ServerResponse } from 'node:http';
import { foreignRequest } from '@tillstream/schemas/http/foreign-request';
import { goHello, isGoHello } from '../blocks/go-hello.ts';
import type { Engine, Run } from '../engine.ts';
import { checkHead, type Job, limitOf, look, prepare } from '../job.ts';
import { NOTHING } from '../outcome.ts';
import { watchDeadline } from '../output/deadline.ts';
import { COMMON_HEADERS } from '../output/delivery.ts';
import { Output } from '../output/output.ts';
import { Slots } from '../slots.ts';
import { authenticate, type User } from '../users.ts';
import { type Attachment, attach, readForm } from './attachments.ts';
import { ClickHouseError } from './errors.ts';
import { joined, type QueryRequest, readBody, readRequest, sqlOf } from './request.ts';

/**
 * How many queries run at once. On 2 cores more than 6 only share the same time; analysts have places of their own, so
 * that they can fill neither those of the writers nor those of the dashboard.
 */
export const PLACES = { default: 6, analyst: 2 };
const MAX_WAITING = { default: 256, analyst: 16 };

const READING_VERBS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN', 'FROM']);
/** Statements whose result may be large. */
const STREAMED_VERBS = new Set(['SELECT', 'WITH', 'FROM']);
const STUCK_MS = 120_000;

export interface Handler {
  (req: IncomingMessage, res: ServerResponse): void;
  /** Queries running now. */
  running(): number;
}

export interface HandlerOptions {
  /** The password of `default`. */
  password: string;
  /** Called for a query that goes on minutes after its end was asked for: nothing but the end of the process ends it. */
  stuck(queryId: string): void;
}

/** Answers ClickHouse's HTTP interface from an engine: queries on `/`, and `/ping`, `/replicas_status`. */
export function createHandler(engine: Engine, { password, stuck }: HandlerOptions): Handler {
  const slots = {
    default: new Slots(PLACES.default, MAX_WAITING.default),
    analyst: new Slots(PLACES.analyst, MAX_WAITING.analyst),
  };
  const running = new Set<string>();
  let asked = 0;

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const reason = foreignRequest(req, { anyHost: false });
    if (reason !== undefined) throw ClickHouseError.of(516, 'AUTHENTICATION_FAILED', `Refused: ${reason}`);
    if (!['GET', 'HEAD', 'POST'].includes(req.method ?? '')) return plain(res, 405, `Not by ${req.method}`);
    const target = req.url ?? '/';
    if (!target.startsWith('/') || !URL.canParse(`http://localhost${target}`)) return plain(res, 400, 'Not a path');
    const url = new URL(`http://localhost${target}`);
    if (url.pathname === '/ping' || url.pathname === '/replicas_status') return ok(res);
    if (url.pathname !== '/') return plain(res, 404, `There is no handle ${url.pathname}`);
    const request = readRequest(req, url);
    res.setHeader('X-ClickHouse-Query-Id', request.id);
    if (req.method === 'HEAD' || (req.method === 'GET' && !request.query)) return ok(res);
    const user = authenticate(request.user, request.password, password);
    const { sql, tables } = await readStatement(req, request, user);
    if (sql.length === 0) return ok(res);
    user.count();
    const tag = `/* ${request.id} ${++asked} */ `;
    await answerQuery({ user, request, sql, tables, statement: look(sql), tag }, res);
  }

  async function answerQuery(job: Job, res: ServerResponse): Promise<void> {
    const { user, request, statement, tag } = job;
    checkHead(job);
    const gone = new AbortController();
    const kill = () => void engine.kill(tag).catch(() => {});
    let runs = false;
    res.once('close', () => {
      if (res.writableFinished) return;
      gone.abort(new Error('The client has gone'));
      const ends = (user.readOnly || request.cancelWhenGone) && READING_VERBS.has(statement.verb);
      if (runs && ends) kill();
    });
    const release = await (user.readOnly ? slots.analyst : slots.default).take(gone.signal);
    running.add(request.id);
    const run = engine.open();
    const format = statement.format ?? request.format;
    const output = new Output(res, format, request.packing, { kill, goOn: () => run.goOn() });
    runs = true;
    const limitMs = limitOf(user, request);
    await new Promise<void>((resolve, reject) => {
      const unwatch = watchDeadline({
        limitMs,
        stuckMs: STUCK_MS,
        kill,
        late: () => {
          output.drop();
          const text = `Timeout exceeded: ${(limitMs ?? 0) / 1000} seconds, and the query does not end`;
          reject(ClickHouseError.of(159, 'TIMEOUT_EXCEEDED', text));
        },
        stuck: () => stuck(request.id),
      });
      // A query that was given up keeps its place until the engine lets go of it.
      perform(job, run, output)
        .then(resolve, reject)
        .finally(() => {
          unwatch();
          runs = false;
          run.close();
          running.delete(request.id);
          release();
        });
    });
  }

  async function perform(job: Job, run: Run, output: Output): Promise<void> {
    let skip = 0;
    try {
      await attach(run, job.tables);
      await prepare(run, job);
      const { user, request, statement, tag } = job;
      if (statement.verb === 'INSERT' && !user.readOnly && !request.readOnly) {
        return await output.end(await run.insert(job.sql, statement));
      }
      skip = tag.length;
      const format = statement.format ?? request.format;
      if (isGoHello(job.sql.toString(), request.protocolVersion, format)) {
        output.take(await goHello(run));
        return await output.end(NOTHING);
      }
      if (STREAMED_VERBS.has(statement.verb) && statement.outfileAt !== undefined) {
        const before = job.sql.toString('utf8', 0, statement.outfileAt);
        const after = job.sql.toString('utf8', statement.outfileAt);
        const text: [string, string] = [tag + before, statement.format ? after : `FORMAT ${request.format}`];
        return await output.end(await run.read(text, (chunk) => output.take(chunk)));
      }
      const sql = job.sql.toString();
      const outcome = await run.query(
        tag + (statement.verb === 'KILL' ? withOurIds(sql, running) : sql),
        request.format,
      );
      output.take(Buffer.from(outcome.bytes));
      await output.end(outcome);
    } catch (cause) {
      throw ClickHouseError.from(output.failure ?? cause, skip);
    }
  }

  const handler = (req: IncomingMessage, res: ServerResponse) => {
    answer(req, res).catch((cause) => fail(res, ClickHouseError.from(cause)));
  };
  return Object.assign(handler, { running: () => running.size });
}

/** What a request says, in its URL and its body. */
async function readStatement(
  req: IncomingMessage,
  request: QueryRequest,
  { maxBodyBytes }: User,
): Promise<{ sql: Buffer; tables: Attachment[] }> {
  const body = await readBody(req, request.hasBlocks, maxBodyBytes);
  const contentType = req.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    return { sql: await sqlOf(request.query, body, maxBodyBytes), tables: [] };
  }
  const { query, params, tables } = await readForm(contentType, await joined(body), request.settings);
  for (const [name, value] of params) request.params.set(name, value);
  for (const { name } of tables) {
    for (const what of ['structure', 'types', 'format']) request.settings.delete(`${name}_${what}`);
  }
  return { sql: Buffer.from(request.query || (query ?? '')), tables };
}

/** `KILL QUERY WHERE query_id = '…'` with an id a client gave us, in terms of the engine. */
function withOurIds(sql: string, running: ReadonlySet<string>): string {
  return sql.replace(/\bquery_id\s*=\s*'([\w.:-]+)'/gi, (match, id) =>
    running.has(id) ? `startsWith(query, '/* ${id} ')` : match,
  );
}

function ok(res: ServerResponse): void {
  res.writeHead(200, { ...COMMON_HEADERS, 'Content-Type': 'text/html; charset=UTF-8' });
  res.end('Ok.\n');
}

function plain(res: ServerResponse, status: number, text: string): void {
  if (!res.req.complete) res.setHeader('Connection', 'close');
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8' });
  res.end(`${text}\n`);
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
