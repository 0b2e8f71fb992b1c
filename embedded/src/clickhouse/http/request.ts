import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { decompressFrame } from 'lz4-napi';
import { unpackBlocks } from '../blocks/blocks.ts';
import { BLOCKS, GZIP, type Packing } from '../output/packing.ts';
import { ClickHouseError } from './errors.ts';

/** A request as its head tells it; nothing is known of its SQL. */
export interface QueryRequest {
  id: string;
  user: string;
  password: string;
  database: string;
  /** The output format for a statement without a FORMAT clause. */
  format: string;
  settings: Map<string, string>;
  params: Map<string, string>;
  packing: Packing | undefined;
  /** Of the native protocol, by which a client says what blocks it understands; 0 when it does not say. */
  protocolVersion: number;
  /** The body consists of ClickHouse's compressed blocks. */
  hasBlocks: boolean;
  /** The client wants a query that reads stopped when it goes away. */
  cancelWhenGone: boolean;
  /** GET must not change anything. */
  readOnly: boolean;
  /** The `query` of the URL; the body comes behind it. */
  query: string;
}

const PIECE_BYTES = 8 * 1024 ** 2;
// Read by this server, or without meaning here: each query has a session of its own and is answered when it has ended.
const NOT_SETTINGS = new Set([
  ...['query', 'query_id', 'database', 'default_format', 'user', 'password', 'role', 'quota_key', 'stacktrace'],
  ...['session_id', 'session_timeout', 'session_check', 'close_session', 'client_protocol_version'],
  ...['compress', 'decompress', 'buffer_size', 'wait_end_of_query', 'enable_http_compression'],
  ...['send_progress_in_http_headers', 'http_headers_progress_interval_ms', 'http_write_exception_in_output_format'],
  ...['cancel_http_readonly_queries_on_client_close'],
]);

/** Reads the head of a request of ClickHouse's HTTP interface. Throws a ClickHouseError for what is malformed. */
export function readRequest(req: IncomingMessage, url: URL): QueryRequest {
  const query = url.searchParams;
  const settings = new Map<string, string>();
  const params = new Map<string, string>();
  for (const [key, value] of query) {
    if (!/^[A-Za-z_][\w.]*$/.test(key)) throw bad(`Bad name of a setting: '${key}'`);
    if (key.startsWith('param_')) params.set(key.slice(6), value);
    else if (!NOT_SETTINGS.has(key)) settings.set(key, value);
  }
  const [user, password] = credentials(req, query);
  const wantsGzip = isOn(query, 'enable_http_compression') && /\bgzip\b/.test(header(req, 'accept-encoding'));
  const wantedId = query.get('query_id') || header(req, 'x-clickhouse-query-id');
  return {
    id: wantedId && /^[\w.:-]{1,100}$/.test(wantedId) ? wantedId : randomUUID(),
    user,
    password,
    database: query.get('database') || header(req, 'x-clickhouse-database'),
    format: header(req, 'x-clickhouse-format') || query.get('default_format') || 'TabSeparated',
    settings,
    params,
    packing: isOn(query, 'compress') ? BLOCKS : wantsGzip ? GZIP : undefined,
    protocolVersion: Number(query.get('client_protocol_version')) || 0,
    hasBlocks: isOn(query, 'decompress'),
    cancelWhenGone: isOn(query, 'cancel_http_readonly_queries_on_client_close'),
    readOnly: req.method !== 'POST',
    query: query.get('query') ?? '',
  };
}

/** A body in pieces, unpacked. Throws a ClickHouseError for one that is larger than `maxBytes`, or cannot be read. */
export async function readBody(req: IncomingMessage, hasBlocks: boolean, maxBytes: number): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let size = 0;
  const encoding = header(req, 'content-encoding') || 'identity';
  if (!['identity', 'gzip', 'lz4'].includes(encoding)) {
    throw bad(`Content-Encoding '${encoding}' is not supported, only gzip and lz4 are`);
  }
  try {
    for await (const piece of encoding === 'gzip' ? unpacked(req) : (req as AsyncIterable<Buffer>)) {
      size += piece.length;
      checkSize(size, maxBytes);
      pieces.push(piece);
    }
    if (hasBlocks) return [await unpackBlocks(await joined(pieces), maxBytes)];
    if (encoding !== 'lz4' || size === 0) return pieces;
    const frames = await decompressFrame(await joined(pieces));
    checkSize(frames.length, maxBytes);
    return [frames];
  } catch (cause) {
    if (cause instanceof ClickHouseError || encoding === 'identity') throw cause;
    throw bad(`The ${encoding} body cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** The statement of a request: the `query` of the URL, and the body behind it. Throws a ClickHouseError beyond `maxBytes`. */
export async function sqlOf(query: string, body: Buffer[], maxBytes: number): Promise<Buffer> {
  if (!query) return joined(body);
  const head = Buffer.from(query);
  checkSize(head.length, maxBytes);
  return body.length > 0 ? joined([head, Buffer.from('\n'), ...body]) : head;
}

function checkSize(size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw ClickHouseError.of(223, 'QUERY_IS_TOO_LARGE', `The body is larger than ${maxBytes} bytes`);
}

/** Ends with an error where the packed bytes do, other than an empty body. */
function unpacked(req: IncomingMessage): Readable {
  const gunzip = createGunzip();
  return pipeline(req, gunzip, () => {});
}

/** One buffer from pieces; the event loop gets its turn between them, since to copy a gigabyte takes half a second. */
export async function joined(pieces: Buffer[]): Promise<Buffer> {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (total <= PIECE_BYTES) return Buffer.concat(pieces);
  const all = Buffer.allocUnsafeSlow(total);
  let [at, sinceTurn] = [0, 0];
  for (const piece of pieces) {
    at += piece.copy(all, at);
    sinceTurn += piece.length;
    if (sinceTurn < PIECE_BYTES) continue;
    sinceTurn = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return all;
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
