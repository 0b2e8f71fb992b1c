import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

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
  const child = spawn(process.execPath, ['--import', 'tsx', entry], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '12', CLICKHOUSE_PORT: String(port), TILLSTREAM_DATA: state, ...env },
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
  const answer = await fetch(`${base}/?${search}`, { method: 'POST', body: sql, ...init });
  return { status: answer.status, text: await answer.text() };
}

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
  client = createClient({ url: base, max_open_connections: 60, log });
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
    const answer = await fetch(`${base}/?query=SELECT+1+AS+a+FORMAT+JSON&query_id=q-1`);
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
    const answer = await fetch(base, { method: 'POST', body: 'SELECT no_such_column' });
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
    const answer = await fetch(`${base}/?query=${encodeURIComponent('INSERT INTO gold.t VALUES (9, 0)')}`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('READONLY');
  });

  it('unpacks gzip and packs it', async () => {
    const body = gzipSync('SELECT number FROM numbers(1000)');
    const answer = await fetch(`${base}/?enable_http_compression=1`, {
      method: 'POST',
      body,
      headers: { 'Content-Encoding': 'gzip', 'Accept-Encoding': 'gzip' },
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect((await answer.text()).split('\n')).toHaveLength(1001);
  });

  it('knows who asks', async () => {
    expect(await ask('SELECT 1', 'user=bob')).toMatchObject({ status: 403 });
    expect((await ask('SELECT 1', '', { headers: { 'X-ClickHouse-User': 'bob' } })).text).toContain('Code: 516');
    const basic = { Authorization: `Basic ${Buffer.from('analyst:').toString('base64')}` };
    expect((await ask('SELECT currentRoles()', '', { headers: basic })).text).toBe("['analyst']\n");
    expect(await ask('SELECT 1', '', { headers: { Origin: 'https://example.com' } })).toMatchObject({ status: 403 });
  });

  it('keeps inserted bytes as they are, blank lines too', async () => {
    await ask('CREATE TABLE gold.raw (s String, n UInt8) ENGINE = MergeTree ORDER BY n');
    const insert = (format: string, body: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${base}/?query=INSERT+INTO+gold.raw+FORMAT+${format}`, { method: 'POST', body });
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
      /\((ACCESS_DENIED|READONLY|SYNTAX_ERROR|TOO_MANY_ROWS_OR_BYTES|CANNOT_EXTRACT_TABLE_STRUCTURE)\)/,
    );
  });

  it.each([
    'max_execution_time=0',
    'max_execution_time=1000',
    'max_memory_usage=0',
    'max_result_rows=0',
    'readonly=0',
    'profile=default',
    'param_f=file',
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
