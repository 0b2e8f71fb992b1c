import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ClickHouseError } from './errors.ts';

/** A query as it came over HTTP, before anything is known of its SQL. */
export interface QueryRequest {
  sql: Buffer;
  id: string;
  user: string;
  password: string;
  database: string;
  /** The output format for a statement without a FORMAT clause. */
  format: string;
  settings: Map<string, string>;
  params: Map<string, string>;
  gzipAnswer: boolean;
  /** The client wants a query that reads stopped when it goes away. */
  cancelWhenGone: boolean;
  /** GET must not change anything. */
  readOnly: boolean;
}

const MAX_BODY_BYTES = 1024 ** 3;
// Read by this server, or without meaning here: each query has a session of its own and is answered when it has ended.
const NOT_SETTINGS = new Set([
  ...['query', 'query_id', 'database', 'default_format', 'user', 'password', 'role', 'quota_key', 'stacktrace'],
  ...['session_id', 'session_timeout', 'session_check', 'close_session', 'client_protocol_version'],
  ...['compress', 'decompress', 'buffer_size', 'wait_end_of_query', 'enable_http_compression'],
  ...['send_progress_in_http_headers', 'http_headers_progress_interval_ms', 'http_write_exception_in_output_format'],
  ...['cancel_http_readonly_queries_on_client_close'],
]);

/** Reads a request of ClickHouse's HTTP interface. Throws a ClickHouseError for what is malformed or too large. */
export async function readRequest(req: IncomingMessage, url: URL): Promise<QueryRequest> {
  const query = url.searchParams;
  const settings = new Map<string, string>();
  const params = new Map<string, string>();
  for (const [key, value] of query) {
    if (!/^[A-Za-z_][\w.]*$/.test(key)) throw bad(`Bad name of a setting: '${key}'`);
    if (key.startsWith('param_')) params.set(key.slice(6), value);
    else if (!NOT_SETTINGS.has(key)) settings.set(key, value);
  }
  const [user, password] = credentials(req, query);
  const wantedId = query.get('query_id') || header(req, 'x-clickhouse-query-id');
  return {
    sql: Buffer.concat(await sqlParts(req, query.get('query') ?? '')),
    id: wantedId && /^[\w.:-]{1,100}$/.test(wantedId) ? wantedId : randomUUID(),
    user,
    password,
    database: query.get('database') || header(req, 'x-clickhouse-database'),
    format: header(req, 'x-clickhouse-format') || query.get('default_format') || 'TabSeparated',
    settings,
    params,
    gzipAnswer: isOn(query, 'enable_http_compression') && /\bgzip\b/.test(header(req, 'accept-encoding')),
    cancelWhenGone: isOn(query, 'cancel_http_readonly_queries_on_client_close'),
    readOnly: req.method === 'GET',
  };
}

async function sqlParts(req: IncomingMessage, query: string): Promise<Buffer[]> {
  const body = await readBody(req);
  if (!query) return [body];
  return body.length ? [Buffer.from(query), Buffer.from('\n'), body] : [Buffer.from(query)];
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw ClickHouseError.of(223, 'QUERY_IS_TOO_LARGE', 'The body is larger than 1 GB');
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const encoding = header(req, 'content-encoding');
  if (!encoding || encoding === 'identity' || !body.length) return body;
  if (encoding !== 'gzip') throw bad(`Content-Encoding '${encoding}' is not supported, only gzip is`);
  return promisify(gunzip)(body, { maxOutputLength: MAX_BODY_BYTES }).catch((cause: Error) => {
    throw bad(`The gzip body cannot be read: ${cause.message}`);
  });
}

function credentials(req: IncomingMessage, query: URLSearchParams): [user: string, password: string] {
  const basic = /^Basic (.+)$/i.exec(header(req, 'authorization'))?.[1];
  if (basic) {
    const text = Buffer.from(basic, 'base64').toString();
    const colon = text.indexOf(':');
    return colon < 0 ? [text || 'default', ''] : [text.slice(0, colon) || 'default', text.slice(colon + 1)];
  }
  return [
    header(req, 'x-clickhouse-user') || query.get('user') || 'default',
    header(req, 'x-clickhouse-key') || query.get('password') || '',
  ];
}

function header(req: IncomingMessage, name: string): string {
  return String(req.headers[name] ?? '');
}

function isOn(query: URLSearchParams, key: string): boolean {
  return ['1', 'true'].includes(query.get(key) ?? '');
}

function bad(text: string): ClickHouseError {
  return ClickHouseError.of(36, 'BAD_ARGUMENTS', text);
}
