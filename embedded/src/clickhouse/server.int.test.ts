import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

/** What `default` has to say; every request of these tests that names no user says it. */
const PASSWORD = 'a secret of these tests';
/**
 * Tells on SIGUSR2 how many milliseconds of processor time the event loop's thread spent between two of its turns at most, since the last
 * time it was asked. Not the time that passed: a busy machine would be blamed on the server.
 */
const LOOP_WATCH = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const spent = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  let last = spent();
  let most = 0;
  setInterval(() => {
    const now = spent();
    most = Math.max(most, now - last);
    last = now;
  }, 5);
  process.on('SIGUSR2', () => { console.log('held up ' + most + ' ms'); most = 0; });
`)}`;
const entry = fileURLToPath(new URL('server.ts', import.meta.url));
const state = mkdtempSync(join(tmpdir(), 'clickhouse-test-'));
let port: number;
let base: string;
let server: ChildProcess;
let output = '';
let client: ClickHouseClient;
let analyst: ClickHouseClient;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

function launch(env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', '--import', LOOP_WATCH, entry], {
    env: {
      ...process.env,
      UV_THREADPOOL_SIZE: '12',
      CLICKHOUSE_PORT: String(port),
      CLICKHOUSE_PASSWORD: PASSWORD,
      TILLSTREAM_DATA: state,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  child.stderr?.on('data', (data) => {
    output += data;
  });
  return child;
}

async function start(env: Record<string, string> = {}): Promise<void> {
  server = launch(env);
  while (!output.includes('is ready')) {
    if (server.exitCode !== null) throw new Error(output);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function stop(signal: NodeJS.Signals): Promise<{ code: number | null; ms: number }> {
  const began = Date.now();
  const exit = once(server, 'exit');
  server.kill(signal);
  const [code] = await exit;
  return { code, ms: Date.now() - began };
}

async function ask(sql: string, search = '', init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const user = { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': PASSWORD };
  const headers = { ...(/user=/.test(search) ? {} : user), ...(init.headers as Record<string, string>) };
  const answer = await fetch(`${base}/?${search}`, { method: 'POST', body: sql, ...init, headers });
  return { status: answer.status, text: await answer.text() };
}

/** The longest that the event loop was held up since the last call, in milliseconds. */
async function heldUp(): Promise<number> {
  output = '';
  server.kill('SIGUSR2');
  await expect.poll(() => output).toContain('held up');
  return Number(/held up ([\d.]+) ms/.exec(output)?.[1]);
}

/** Of the server's process in MB: `VmRSS` now, `VmHWM` at most. */
const memory = (name: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024;

/** How many queries with a piece of text are running. */
async function countRunning(text: string): Promise<number> {
  const sql = `SELECT count() AS c FROM system.processes WHERE query LIKE '%${text}%' AND query NOT LIKE '%system.processes%'`;
  return z.tuple([z.object({ c: z.number() })]).parse(await rows(sql))[0].c;
}
const untilRunning = (text: string, count: number) =>
  expect.poll(() => countRunning(text), { timeout: 10_000 }).toBe(count);

async function rows(sql: string, from = client): Promise<unknown[]> {
  return (await from.query({ query: sql, format: 'JSONEachRow' })).json();
}

beforeAll(async () => {
  port = await freePort();
  base = `http://127.0.0.1:${port}`;
  await start();
  const log = { level: ClickHouseLogLevel.OFF };
  client = createClient({ url: base, password: PASSWORD, max_open_connections: 60, log });
  analyst = createClient({ url: base, username: 'analyst', max_open_connections: 20, log });
  for (const sql of [
    'CREATE DATABASE gold',
    'CREATE DATABASE bronze',
    'CREATE TABLE gold.t (n UInt64, s String) ENGINE = MergeTree ORDER BY n',
    'CREATE TABLE bronze.t (n UInt64) ENGINE = MergeTree ORDER BY n',
    "INSERT INTO gold.t VALUES (1, 'one')",
  ]) {
    await client.command({ query: sql });
  }
}, 20_000);

afterAll(async () => {
  await client?.close();
  await analyst?.close();
  if (server && server.exitCode === null && server.signalCode === null) await stop('SIGKILL');
  rmSync(state, { recursive: true, force: true });
});

describe('raw HTTP', () => {
  it('answers health checks', async () => {
    expect(await (await fetch(`${base}/ping`)).text()).toBe('Ok.\n');
    expect(await (await fetch(`${base}/replicas_status`)).text()).toBe('Ok.\n');
    expect((await fetch(base, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(`${base}/nowhere`)).status).toBe(404);
  });

  it('takes a query from the URL, the body, and both', async () => {
    const answer = await fetch(`${base}/?user=analyst&query=SELECT+1+AS+a+FORMAT+JSON&query_id=q-1`);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('x-clickhouse-format')).toBe('JSON');
    expect(answer.headers.get('x-clickhouse-query-id')).toBe('q-1');
    expect(answer.headers.get('x-clickhouse-timezone')).toBe('UTC');
    expect(await answer.json()).toMatchObject({ data: [{ a: 1 }] });
    expect((await ask('SELECT 2;')).text).toBe('2\n');
    expect((await ask('+ 3', 'query=SELECT+2')).text).toBe('5\n');
    expect((await ask('SELECT 1, 2', 'default_format=CSV')).text).toBe('1,2\n');
    expect((await ask('SELECT 1', '', { headers: { 'X-ClickHouse-Format': 'JSONEachRow' } })).text).toBe('{"1":1}\n');
    expect((await ask('SELECT currentDatabase()', 'database=gold')).text).toBe('gold\n');
  });

  it('reports errors as ClickHouse does', async () => {
    const answer = await fetch(`${base}/?user=analyst`, { method: 'POST', body: 'SELECT no_such_column' });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe('47');
    expect(await answer.text()).toMatch(/^Code: 47\. DB::Exception: .*\(UNKNOWN_IDENTIFIER\)\n$/s);
    expect(await ask('SELECT 1; SELECT 2')).toMatchObject({ status: 400 });
    expect((await ask('SELECT a b c d')).text).toContain('failed at position 12');
    expect(await ask('SELECT 1', 'no_such_setting=1')).toMatchObject({ status: 404 });
    expect(await ask('SELECT 1', 'database=nowhere')).toMatchObject({ status: 404 });
    expect((await ask('SELECT {x:String}')).text).toContain('456');
  });

  it('lets GET read only', async () => {
    const search = (sql: string, more = '') => `query=${encodeURIComponent(sql)}${more}`;
    const get = { method: 'GET', body: undefined };
    for (const [sql, more] of [
      ['INSERT INTO gold.t VALUES (9, 0)', ''],
      ['CREATE DATABASE made_by_get', ''],
      ['CREATE DATABASE made_by_get', '&readonly=0'],
      ['KILL QUERY WHERE 1', ''],
      ['SYSTEM RELOAD CONFIG', '&readonly=2'],
      [`SELECT 1 INTO OUTFILE '${state}/by-get'`, ''],
      ['SELECT 1 AS a FORMAT Protobuf', `&output_format_schema=${state}/by-get`],
      ['SELECT 1 SETTINGS readonly = 0', ''],
    ] as const) {
      const { status, text } = await ask('', search(sql, more), get);
      expect(status, `${sql} ${text}`).toBe(403);
      expect((await ask('', `${search(sql, more)}`, { method: 'OPTIONS', body: undefined })).status).toBe(405);
    }
    expect((await ask('', search('SELECT count() FROM gold.t', '&readonly=2'), get)).text).toBe('1\n');
    expect(existsSync(`${state}/by-get`)).toBe(false);
    expect(await rows("SELECT name FROM system.databases WHERE name = 'made_by_get'")).toEqual([]);
  });

  it('answers no web page of another site', async () => {
    const attack = '?readonly=0&query=CREATE%20DATABASE%20x';
    expect((await fetch(base + attack)).status).toBe(403);
    for (const [name, value] of [
      ['Sec-Fetch-Site', 'cross-site'],
      ['Origin', 'https://example.com'],
      ['Origin', 'null'],
    ] as const) {
      const headers = { [name]: value };
      expect((await ask('SELECT 1', '', { headers })).status).toBe(403);
      expect((await ask('SELECT 1', 'user=analyst', { headers })).status).toBe(403);
    }
  });

  it.each(['//', '/%', '//[', '/?query=%E0%A4%A'])('is not ended by %s', async (path) => {
    const socket = connect(port, '127.0.0.1');
    socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(Buffer.concat(await socket.toArray()).toString()).toMatch(/^HTTP\/1.1 [45]\d\d /);
    expect((await fetch(`${base}/ping`)).status).toBe(200);
  });

  it('unpacks gzip and packs it', async () => {
    const body = gzipSync('SELECT number FROM numbers(1000)');
    const answer = await fetch(`${base}/?user=analyst&enable_http_compression=1`, {
      method: 'POST',
      body,
      headers: { 'Content-Encoding': 'gzip', 'Accept-Encoding': 'gzip' },
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect((await answer.text()).split('\n')).toHaveLength(1001);
  });

  it('knows who asks', async () => {
    for (const search of ['user=bob', 'user=default', 'user=default&password=x']) {
      expect((await ask('SELECT 1', search)).text).toContain('Code: 516');
    }
    expect((await fetch(base, { method: 'POST', body: 'SELECT 1' })).status).toBe(403);
    const basic = { Authorization: `Basic ${Buffer.from('analyst:').toString('base64')}` };
    expect((await ask('SELECT currentRoles()', '', { headers: basic })).text).toBe("['analyst']\n");
  });

  it('keeps inserted bytes as they are, blank lines too', async () => {
    await ask('CREATE TABLE gold.raw (s String, n UInt8) ENGINE = MergeTree ORDER BY n');
    const insert = (format: string, body: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${base}/?query=INSERT+INTO+gold.raw+FORMAT+${format}&password=${PASSWORD}`, { method: 'POST', body });
    for (const [format, body] of [
      ['CSV', '"a;b\n\nDROP TABLE gold.raw",1\n'],
      ['JSONEachRow', '{"s":"x","n":2}\n\n{"s":"; DROP TABLE gold.raw","n":3}\n'],
      ['TSV', '\t4\n'],
      ['RowBinary', new Uint8Array([3, 59, 10, 10, 5])],
    ] as const) {
      const answer = await insert(format, body);
      expect(answer.status, await answer.text()).toBe(200);
    }
    expect((await ask('INSERT INTO gold.raw SETTINGS async_insert=0 FORMAT CSV\n"z\n\n",6\n')).text).toBe('');
    expect(await rows('SELECT n, s FROM gold.raw ORDER BY n')).toEqual([
      { n: 1, s: 'a;b\n\nDROP TABLE gold.raw' },
      { n: 2, s: 'x' },
      { n: 3, s: '; DROP TABLE gold.raw' },
      { n: 4, s: '' },
      { n: 5, s: ';\n\n' },
      { n: 6, s: 'z\n\n' },
    ]);
  });
});

describe('@clickhouse/client', () => {
  it('pings, commands and executes', async () => {
    expect(await client.ping()).toEqual({ success: true });
    const { stream } = await client.exec({ query: 'SELECT 7 FORMAT TSV' });
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('7\n');
  });

  it('reads every common format', async () => {
    const query = 'SELECT number AS n FROM numbers(2)';
    const read = async (format: 'JSON' | 'JSONCompact' | 'JSONStrings' | 'JSONCompactEachRow') =>
      (await client.query({ query, format })).json<unknown>();
    expect(await read('JSON')).toMatchObject({ data: [{ n: 0 }, { n: 1 }], rows: 2 });
    expect(await read('JSONCompact')).toMatchObject({ data: [[0], [1]] });
    expect(await read('JSONStrings')).toMatchObject({ data: [{ n: '0' }, { n: '1' }] });
    expect(await read('JSONCompactEachRow')).toEqual([[0], [1]]);
    expect(await (await client.query({ query, format: 'CSVWithNames' })).text()).toBe('"n"\n0\n1\n');
  });

  it.each([
    ['String', 'it\'s "a" \\ b\n\ttab é 😀 \\n {x:String} ; --'],
    ['UInt64', '18446744073709551615'],
    ['Int32', -5],
    ['Float64', 1.5],
    ['Bool', true],
    ['Array(String)', ["a'b", 'c\\d', 'e\nf']],
    ['Array(Array(UInt8))', [[1], [2, 3]]],
    ['Nullable(String)', null],
    ['UUID', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
    ['Date', '2026-01-02'],
    ["DateTime64(3, 'UTC')", '2026-01-02 03:04:05.678'],
    ['Map(String, UInt8)', { a: 1 }],
  ])('binds a %s', async (type, value) => {
    const answer = await client.query({
      query: `SELECT {v:${type}} AS v`,
      query_params: { v: value },
      clickhouse_settings: type === 'UInt64' ? { output_format_json_quote_64bit_integers: 1 } : {},
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ v: value }]);
  });

  it('binds identifiers and dates', async () => {
    const answer = await client.query({
      query: 'SELECT {c:Identifier} FROM {d:Identifier}.{t:Identifier} WHERE {at:DateTime} > 0 LIMIT 1',
      query_params: { c: 'n', d: 'gold', t: 't', at: new Date('2026-01-02T03:04:05Z') },
      format: 'JSONCompactEachRow',
    });
    expect(await answer.json()).toEqual([[1]]);
  });

  it('inserts an array of 10,000 and a stream', async () => {
    await client.command({ query: 'CREATE TABLE gold.many (n UInt32, s String) ENGINE = MergeTree ORDER BY n' });
    const values = Array.from({ length: 10_000 }, (_, n) => ({ n, s: `row; '${n}'\n\n` }));
    const { summary } = await client.insert({ table: 'gold.many', values, format: 'JSONEachRow' });
    expect(summary?.written_rows).toBe('10000');
    const stream = Readable.from(values, { objectMode: true });
    await client.insert({ table: 'gold.many', values: stream, format: 'JSONEachRow', columns: ['n', 's'] });
    expect(await rows('SELECT count() AS c, uniqExact(s) AS u FROM gold.many')).toEqual([{ c: 20000, u: 10000 }]);
  });

  it('keeps parameters and settings of 50 parallel queries apart', async () => {
    const one = async (i: number) => {
      const answer = await client.query({
        query: "SELECT {v:String} AS v, getSetting('max_block_size') AS s, sleep(0.01)",
        query_params: { v: `value ${i}` },
        clickhouse_settings: { max_block_size: String(1000 + i), log_comment: `c${i}` },
        format: 'JSONEachRow',
      });
      const [row] = await answer.json<{ v: string; s: number }>();
      return [row?.v, row?.s];
    };
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    expect(await Promise.all(numbers.map(one))).toEqual(numbers.map((i) => [`value ${i}`, 1000 + i]));
    const [left] = await rows("SELECT value FROM system.settings WHERE name = 'max_block_size' AND changed");
    expect(left).toBeUndefined();
  });

  it('applies settings to their query only', async () => {
    const settings = { output_format_json_quote_64bit_integers: 1, date_time_output_format: 'iso' } as const;
    const answer = await client.query({
      query: "SELECT toUInt64(1) AS n, toDateTime(0, 'UTC') AS t",
      clickhouse_settings: settings,
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ n: '1', t: '1970-01-01T00:00:00Z' }]);
    expect(await rows('SELECT toUInt64(1) AS n')).toEqual([{ n: 1 }]);
    await expect(
      client.query({
        query: 'SELECT count() FROM numbers(1e12) WHERE sipHash64(number) = 0',
        clickhouse_settings: { max_execution_time: 0.2 as never },
      }),
    ).rejects.toMatchObject({ code: '159' });
  });

  it('lets short queries pass a long one, and cancels it', async () => {
    const long = new AbortController();
    const running = client.query({
      query: 'SELECT count() FROM numbers(1e12) WHERE sipHash64(number) = 0',
      abort_signal: long.signal,
      query_id: 'long-1',
      clickhouse_settings: { cancel_http_readonly_queries_on_client_close: 1 },
    });
    const rejected = expect(running).rejects.toThrow();
    await untilRunning('1e12', 1);
    expect(await rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await countRunning('1e12')).toBe(1);
    long.abort();
    await rejected;
    await untilRunning('1e12', 0);
  });

  it('kills a query by the id its client gave', async () => {
    const query = 'SELECT count() FROM numbers(1e12) WHERE sipHash64(number) = 0';
    const rejected = expect(client.query({ query, query_id: 'kill-me' })).rejects.toMatchObject({ code: '394' });
    await untilRunning('1e12', 1);
    await client.command({ query: "KILL QUERY WHERE query_id = 'kill-me'" });
    await rejected;
  });

  it('passes refreshable views and projections through', async () => {
    await client.command({ query: 'ALTER TABLE gold.t ADD PROJECTION p (SELECT count(), sum(n))' });
    await client.command({
      query: 'CREATE MATERIALIZED VIEW gold.r REFRESH EVERY 1 SECOND ENGINE = Memory AS SELECT now64() AS t',
    });
    await client.command({ query: 'SYSTEM REFRESH VIEW gold.r' });
    await expect.poll(() => rows('SELECT count() AS c FROM gold.r'), { timeout: 10_000 }).toEqual([{ c: 1 }]);
  });

  it('caps what a result may take of the memory', async () => {
    const huge = client.query({ query: 'SELECT repeat(toString(number % 10), 1000000) AS s FROM numbers(400)' });
    await expect(huge).rejects.toMatchObject({ code: '396' });
  });
});

describe('analyst', () => {
  it('reads gold and system, with parameters and settings', async () => {
    const answer = await analyst.query({
      query: 'SELECT s FROM gold.t WHERE n = {n:UInt64}',
      query_params: { n: 1 },
      clickhouse_settings: { max_execution_time: 5 },
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ s: 'one' }]);
    for (const sql of ['SHOW DATABASES', 'DESCRIBE gold.t', 'EXISTS gold.t', 'EXPLAIN SELECT 1']) {
      expect((await ask(sql, 'user=analyst')).status, sql).toBe(200);
    }
    expect((await ask('SHOW DATABASES', 'user=analyst')).text).not.toContain('bronze');
    expect((await ask('SELECT count() FROM system.tables', 'user=analyst')).status).toBe(200);
  });

  it.each([
    'SELECT * FROM bronze.t',
    'SELECT count() FROM bronze.t',
    "SELECT * FROM merge('bronze', '.*')",
    'SHOW CREATE TABLE bronze.t',
    "INSERT INTO gold.t VALUES (2, 'x')",
    'INSERT INTO gold.t FORMAT JSONEachRow {"n":2}',
    'CREATE TABLE gold.x (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE x (a Int8)',
    'DROP TABLE gold.t',
    'ALTER TABLE gold.t DELETE WHERE 1',
    'TRUNCATE TABLE gold.t',
    'KILL QUERY WHERE 1',
    'SYSTEM STOP MERGES',
    'SET ROLE admin',
    'SET ROLE admin; SELECT * FROM bronze.t',
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_execution_time = 0',
    "SELECT 1 SETTINGS profile = 'default'",
    "SELECT file('/etc/hostname')",
    "SELECT * APPLY(file) FROM (SELECT '/etc/hostname')",
    "SELECT * FROM file('/etc/hostname', 'RawBLOB')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'RawBLOB')",
    "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    "SELECT * FROM s3('http://bucket.example.com/x.csv', 'CSV', 'a String')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM executable('cat', 'CSV', 'a String')",
    "SELECT 1 INTO OUTFILE '/tmp/outfile-test'",
    'SELECT number FROM numbers(2000000) FORMAT Null',
  ])('may not: %s', async (sql) => {
    const { status, text } = await ask(sql, 'user=analyst');
    expect(status, text).toBeGreaterThanOrEqual(400);
    expect(text).toMatch(
      /\((ACCESS_DENIED|READONLY|SYNTAX_ERROR|SETTING_CONSTRAINT_VIOLATION|TOO_MANY_ROWS_OR_BYTES|CANNOT_EXTRACT_TABLE_STRUCTURE)\)/,
    );
  });

  it.each([
    'max_execution_time=0',
    'max_execution_time=1000',
    'max_memory_usage=0',
    'max_result_rows=0',
    'readonly=0',
    'profile=default',
  ])('may not widen its session: %s', async (search) => {
    expect((await ask('SELECT 1', `user=analyst&${search}`)).status).toBe(403);
  });

  it('cannot hold up the others', async () => {
    let ended = 0;
    const sleeps = Array.from({ length: 6 }, async () => {
      const answer = await ask('SELECT sleep(1)', 'user=analyst');
      ended += 1;
      return answer;
    });
    await rows('SELECT 1');
    expect(ended).toBe(0);
    expect((await Promise.all(sleeps)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  });
});

describe('the wall around an analyst', () => {
  const secret = join(state, 'secret-file');
  const SECRET = 'nobody reads this';
  const target = join(state, 'written-by-analyst');
  beforeAll(() => writeFileSync(secret, SECRET));

  const inUrl = (settings: Record<string, string>) => `user=analyst&${new URLSearchParams(settings)}`;
  const inSql = (settings: Record<string, string>) =>
    Object.entries(settings)
      .map(([name, value]) => `${name} = '${value}'`)
      .join(', ');

  it.each<[string, Record<string, string>]>([
    ['SELECT 1 FORMAT Template', { format_template_row: secret }],
    ['SELECT 1 FORMAT Template', { format_template_resultset: secret }],
    ['SELECT 1 AS a FORMAT Protobuf', { format_schema: secret }],
    ['SELECT 1 AS a FORMAT CSV', { format_schema: secret, format_schema_source: 'file' }],
    ['SELECT 1 AS `$(touch x)` FORMAT Protobuf', { output_format_schema: target }],
    ['SELECT 1 AS a FORMAT CSV', { output_format_schema: target }],
    ['SELECT 1 AS a FORMAT AvroConfluent', { format_avro_schema_registry_url: 'http://127.0.0.1:1/' }],
    ["SELECT * FROM eval('SELECT 1')", { allow_experimental_eval_table_function: '1' }],
    ["SELECT aiGenerate('x')", { allow_experimental_ai_functions: '1' }],
    ['SELECT 1', { allow_introspection_functions: '1' }],
    ['SELECT 1', { max_execution_time: '31' }],
    ['SELECT 1', { max_threads: '8' }],
    ['SELECT 1', { format_display_secrets_in_show_and_select: '1' }],
    ['SELECT 1', { input_format_allow_errors_num: '1' }],
    ['SELECT 1', { additional_result_filter: '1' }],
    ['SELECT 1', { no_such_setting: '1' }],
  ])('%s with %o is refused by name, in the URL and in the SQL', async (sql, settings) => {
    const withClause = sql.replace(/( FORMAT \w+)?$/, ` SETTINGS ${inSql(settings)}$1`);
    for (const answer of [
      await ask(sql, inUrl(settings)),
      await ask(withClause, 'user=analyst'),
      await ask(`SELECT * FROM (${withClause.replace(/ FORMAT \w+$/, '')})`, 'user=analyst'),
      await ask('', `${inUrl(settings)}&query=${encodeURIComponent(sql)}`, { method: 'GET', body: undefined }),
    ]) {
      expect(answer.status, answer.text).toBe(403);
      expect(answer.text).not.toContain(SECRET);
    }
    expect((await ask(sql.replace(/ FORMAT \w+/, ''), inUrl(settings))).text).toContain(Object.keys(settings)[0]);
    expect(existsSync(target)).toBe(false);
  });

  it('reads no file, format, system table or query by another way', async () => {
    for (const [sql, search = ''] of [
      ['SELECT 1 AS a', '&default_format=Protobuf'],
      ['SELECT * FROM system.processes'],
      ['SELECT * FROM processes', '&database=system'],
      ["SELECT * FROM merge('system', 'processes')"],
      ['SELECT * FROM {d:Identifier}.{t:Identifier}', '&param_d=system&param_t=errors'],
      ['SHOW PROCESSLIST'],
      ["SELECT * FROM loop('bronze', 't') LIMIT 1"],
      ["DESCRIBE file('/etc/hostname', 'RawBLOB')"],
      ["SELECT * FROM filesystem('/etc')"],
      ['SELECT 1 PARALLEL WITH CREATE DATABASE x'],
      ['EXECUTE AS default SELECT 1'],
      ['CREATE TEMPORARY TABLE x (a Int8)'],
      [`INSERT INTO gold.t FROM INFILE '${secret}' FORMAT CSV`],
      ["SELECT * FROM format(RawBLOB, 'x')"],
      ["SELECT dictGet('x', 'y', 1)"],
      ['SET max_threads = 8'],
      ['SELECT 1', '&session_id=a&role=admin&profile=default'],
    ]) {
      const { status, text } = await ask(sql ?? '', `user=analyst${search}`);
      expect(status, `${sql}: ${text}`).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain(SECRET);
    }
  });

  it('sets what is harmless, in the URL and in the SQL', async () => {
    const settings = { output_format_json_quote_64bit_integers: '1', readonly: '2', max_execution_time: '5' };
    const sql = 'SELECT toUInt64(1) AS n SETTINGS join_use_nulls = 1, max_result_rows = 10 FORMAT JSONEachRow';
    expect(await ask(sql, inUrl(settings))).toEqual({ status: 200, text: '{"n":"1"}\n' });
    expect((await ask(sql.replace('10', '2000000'), 'user=analyst')).status).toBe(403);
    const read = "SELECT getSetting('max_execution_time'), getSetting('readonly') FORMAT CSV";
    expect((await ask(read, inUrl(settings))).text).toBe('5,1\n');
    // clickhouse-connect sends no setting that this says is read-only.
    const settable = "SELECT count() FROM system.settings WHERE name = 'max_execution_time' AND readonly = 0";
    expect((await ask(settable, 'user=analyst')).text).toBe('1\n');
  });
});

describe('limits of the server itself', () => {
  it('ends a result that grows beyond its bytes, and takes no memory for it', async () => {
    const before = memory('VmRSS');
    // The highest point starts anew.
    writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
    for (const format of ['TSV', 'JSON']) {
      const sql = `SELECT repeat('x', 2200) FROM numbers(1000000) FORMAT ${format}`;
      const answer = await ask(sql, 'user=analyst').catch((error: Error) => error);
      // Its head had gone when the limit was met: the connection is cut, and nobody takes it for a whole answer.
      expect(answer).toBeInstanceOf(Error);
    }
    expect(memory('VmHWM') - before).toBeLessThan(450);
    expect((await ask('SELECT 1')).text).toBe('1\n');
  });

  it('streams a large result whole, packed or not', async () => {
    const sql = 'SELECT number FROM numbers(1000000) FORMAT TSV';
    const search = 'enable_http_compression=1';
    for (const headers of [{ 'Accept-Encoding': 'gzip' }, { 'Accept-Encoding': 'identity' }]) {
      const { text } = await ask(sql, search, { headers });
      expect([text.length, text.slice(-7)]).toEqual([6_888_890, '999999\n']);
    }
    // Rows for somebody who reads slowly wait in the engine.
    const answer = await fetch(`${base}/?user=analyst`, { method: 'POST', body: sql });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await answer.text()).length).toBe(6_888_890);
  });

  it('answers in time for a function that does not hear that it should end', async () => {
    const bomb = "SELECT editDistance(repeat('a', 60000), repeat(toString(number), 60000)) FROM numbers(1)";
    const began = performance.now();
    const late = ask(bomb, 'user=analyst&max_execution_time=1');
    expect((await ask('SELECT 1', 'user=analyst')).text).toBe('1\n');
    expect(await late).toMatchObject({ status: 408, text: expect.stringContaining('TIMEOUT_EXCEEDED') });
    expect(performance.now() - began).toBeLessThan(8_000);
    expect((await ask('SELECT 2', 'user=analyst')).text).toBe('2\n');
    await expect.poll(() => countRunning('editDistance'), { timeout: 60_000 }).toBe(0);
  }, 90_000);

  it.each<[string, number, () => Promise<{ status: number }>]>([
    ['60 MB of an analyst', 413, () => ask(`SELECT ${'1,'.repeat(30_000_000)}1`, 'user=analyst')],
    ['60 MB of a statement', 413, () => ask(`SELECT ${'1,'.repeat(30_000_000)}1`)],
    ['as much as an analyst may send', 500, () => ask(`SELECT ${'1,'.repeat(60_000)}1`, 'user=analyst')],
    ['words without end', 500, () => ask(`SELECT ${'a,'.repeat(60_000)}1`, 'user=analyst')],
    ['brackets without end', 500, () => ask(`SELECT ${'('.repeat(125_000)}`, 'user=analyst')],
    ['as much as a statement may be', 500, () => ask(`SELECT ${'1,'.repeat(130_000)}1`)],
    [
      'gzip that unpacks to 200 MB',
      413,
      () => {
        const body = gzipSync(Buffer.alloc(200_000_000, 'SELECT 1,'), { level: 1 });
        return ask('', 'user=analyst', { headers: { 'Content-Encoding': 'gzip' }, body });
      },
    ],
    ['20 MB of values', 200, () => ask(`INSERT INTO gold.big VALUES ${'(1),'.repeat(5_000_000)}(2)`)],
    ['7 MB of rows read', 200, () => ask('SELECT number FROM numbers(1000000)', 'user=analyst')],
  ])(
    'its event loop is not held up by %s',
    async (_what, status, attack) => {
      await ask('CREATE TABLE IF NOT EXISTS gold.big (n UInt32) ENGINE = MergeTree ORDER BY n');
      await heldUp();
      // Who is refused may be hung up on while still sending.
      const answer = await attack().catch(() => ({ status: 413 }));
      expect(answer.status).toBe(status);
      expect(await heldUp()).toBeLessThan(100);
      expect((await ask('SELECT max(n) < 3 FROM gold.big')).text).toBe('1\n');
    },
    60_000,
  );
});

describe('the process', () => {
  it('says in one line that the port is taken or a setting is bad', async () => {
    for (const [env, line] of [
      [{}, `Port ${port} is taken: set CLICKHOUSE_PORT to another one\n`],
      [{ CLICKHOUSE_PORT: 'x' }, /^Bad setting: CLICKHOUSE_PORT.*\n$/],
    ] as const) {
      const child = launch(env);
      const [code] = await once(child, 'close');
      expect(code).toBe(1);
      expect(output).toMatch(line);
    }
  });

  it('starts again on the same folder after kill -9', async () => {
    await stop('SIGKILL');
    await start();
    expect(await rows('SELECT count() AS c FROM gold.many')).toEqual([{ c: 20000 }]);
  });

  it('stops within 8 s with a Kafka table, a refreshable view and a long query', async () => {
    await client.command({
      query: `CREATE TABLE bronze.queue (m String) ENGINE = Kafka SETTINGS kafka_broker_list = '127.0.0.1:1',
        kafka_topic_list = 't', kafka_group_name = 'g', kafka_format = 'RawBLOB'`,
    });
    await client.command({
      query: 'CREATE MATERIALIZED VIEW bronze.mv TO bronze.t AS SELECT length(m) AS n FROM bronze.queue',
    });
    const long = client.query({ query: 'SELECT sleep(2)' });
    await untilRunning('sleep(2)', 1);
    const stopped = stop('SIGTERM');
    expect(await (await long).text()).toContain('0');
    expect((await stopped).code, output).toBe(0);

    await start();
    client.query({ query: 'SELECT count() FROM numbers(1e12) WHERE sipHash64(number) = 0' }).catch(() => {});
    await untilRunning('1e12', 1);
    const { code, ms } = await stop('SIGTERM');
    expect(ms).toBeLessThan(8000);
    expect(code, output).toBe(0);
    await start();
    expect(await rows('SELECT count() AS c FROM gold.t')).toEqual([{ c: 1 }]);
  }, 60_000);

  it('starts itself again with enough threads where its environment gives too few', async () => {
    await stop('SIGTERM');
    await start({ UV_THREADPOOL_SIZE: '' });
    const sleeping = Promise.all(Array.from({ length: 5 }, () => rows('SELECT sleep(3)')));
    // All of them at once, and this question beside them: libuv has four threads by itself.
    await untilRunning('sleep(3)', 5);
    await sleeping;
    expect((await stop('SIGTERM')).code).toBe(0);
  });
});
