import { describe, expect, it, vi } from 'vitest';
import { checkAnalystFormat, checkAnalystQuery, checkReadsOnly } from './analyst/query.ts';
import { checkAnalystSetting } from './analyst/settings.ts';
import { ClickHouseError } from './http/errors.ts';
import { watchDeadline } from './output/deadline.ts';
import { contentType, isJsonLines } from './output/formats.ts';
import { readSettings } from './settings.ts';
import { Slots } from './slots.ts';
import { inspect, quote, tokens } from './sql.ts';
import { authenticate, perMinute } from './users.ts';

const never = new AbortController().signal;

describe('inspect', () => {
  it('finds verb and format behind comments, quotes and brackets', () => {
    expect(inspect("-- x\n/* ; */ select ';', `a;b` format JSON ;")).toMatchObject({ verb: 'SELECT', format: 'JSON' });
    expect(inspect('(select 1 format) union all select 2').format).toBeUndefined();
    expect(inspect('select 1 as format from t where format like x').format).toBeUndefined();
    expect(inspect('select 1 format CSV settings max_threads = 1').format).toBe('CSV');
    expect(inspect('')).toMatchObject({ verb: '' });
  });

  it('refuses a second statement but not a trailing semicolon or comment', () => {
    expect(inspect('select 1;; -- done').verb).toBe('SELECT');
    expect(inspect('select $$;$$, $a$;$a$;').verb).toBe('SELECT');
    expect(() => inspect('select 1; select 2')).toThrow('Multi-statements are not allowed');
    expect(() => inspect("select 'it''s'; drop table x")).toThrow('Multi-statements are not allowed');
  });

  it('finds where the data of an INSERT begins', () => {
    const sql = 'INSERT INTO a.b (x) SETTINGS async_insert=1 FORMAT JSONEachRow\n{"x":";"}';
    const { insert, format } = inspect(sql);
    expect(format).toBe('JSONEachRow');
    expect(sql.slice(0, insert?.sourceEnd)).toBe('INSERT INTO a.b (x)');
    expect(sql.slice(insert?.dataStart)).toBe('\n{"x":";"}');
  });

  it('leaves VALUES and INSERT … SELECT to the engine', () => {
    expect(inspect("insert into t values ('a;'), (2)")).toMatchObject({ verb: 'INSERT' });
    expect(inspect('insert into t select 1 format Null').insert).toBeUndefined();
  });

  it('finds where INTO OUTFILE would stand', () => {
    const split = (sql: string) => [sql.slice(0, inspect(sql).outfileAt), sql.slice(inspect(sql).outfileAt)];
    expect(split('select 1 -- x')).toEqual(['select 1', ' -- x']);
    expect(split('select 1 format JSON;')).toEqual(['select 1 ', 'format JSON;']);
    expect(split('select 1 limit 1;')).toEqual(['select 1 limit 1', ';']);
    expect(inspect("select 1 into outfile 'x'").outfileAt).toBeUndefined();
  });

  it('does not read the data of an INSERT that is long', () => {
    const sql = "insert into t (a) values (1), ('; drop table x";
    expect(inspect(sql, true).insert).toEqual({ sourceEnd: 18, dataStart: 24, isValues: true });
  });

  it('is fast on what has many tokens', () => {
    const sql = `select ${'1,'.repeat(500_000)}1`;
    inspect(sql.slice(0, 1_000));
    const began = performance.now();
    inspect(sql);
    // 4 MB of it took seconds.
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('takes a literal of several megabytes', () => {
    expect(inspect(`select '${"x''\\'".repeat(1_000_000)}' format CSV`).format).toBe('CSV');
  });
});

it('quotes any text and finds tokens behind comments', () => {
  expect(quote("a'b\\c\0")).toBe("'a\\'b\\\\c\\0'");
  const found = [...tokens("select `Fi``le`('x''y\\'', 1.5e3) /* ; */ from $a$'$a$ -- url\n#! z\n.t")];
  expect(found.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'word select',
    'quoted `Fi``le`',
    'other (',
    "literal 'x''y\\''",
    'other ,',
    'number 1.5e3',
    'other )',
    'word from',
    "literal $a$'$a$",
    'other .',
    'word t',
  ]);
});

describe('users', () => {
  const NONE = new Map<string, string>();

  it('knows its users only, and default by its password', () => {
    expect(() => authenticate('root', '', 'secret')).toThrow(/Code: 516.*AUTHENTICATION_FAILED/);
    for (const wrong of ['', 'x', 'secre', 'secret2']) {
      expect(() => authenticate('default', wrong, 'secret')).toThrow(/516/);
    }
    expect(authenticate('analyst', 'x', 'secret').readOnly).toBe(true);
    expect(authenticate('default', 'secret', 'secret').readOnly).toBe(false);
    expect(authenticate('analyst', '', 'secret').readOnly).toBe(true);
  });

  it.each([
    'KILL QUERY WHERE 1',
    'SET ROLE admin',
    "SELECT file('/etc/passwd')",
    'SELECT arrayMap(`file`, [1])',
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    'SYSTEM FLUSH LOGS',
    'SELECT 1 PARALLEL WITH DROP TABLE x',
    'EXECUTE AS default SELECT 1',
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM numbers(1) , merge('system', 'processes')",
    "SELECT * FROM loop('system', 'processes')",
    'SELECT * FROM system.processes',
    'SELECT * FROM `system`.`query_log`',
    'SELECT 1 IN system.errors',
    'SHOW PROCESSLIST',
    'SELECT * FROM format(JSONEachRow, \'{"a":1}\')',
    'SELECT 1 SETTINGS max_execution_time = DEFAULT',
    'SELECT 1 SETTINGS additional_table_filters = map()',
  ])('an analyst may not: %s', (sql) => {
    expect(() => checkAnalystQuery(sql, NONE)).toThrow(/ACCESS_DENIED/);
  });

  it.each([
    ['SELECT 1 SETTINGS max_execution_time = 31', /CONSTRAINT/],
    ['SELECT 1 SETTINGS max_execution_time = 0', /CONSTRAINT/],
    ['SELECT 1 SETTINGS max_execution_time = -1', /CONSTRAINT/],
    ["SELECT 1 SETTINGS format_template_row = '/etc/passwd'", /format_template_row/],
    ["SELECT 1 FORMAT JSON SETTINGS join_use_nulls = 1, output_format_schema = '/x'", /output_format_schema/],
    ["SELECT * FROM (SELECT 1 SETTINGS profile = 'default')", /profile/],
    ["SELECT 1 SETTINGS join_use_nulls = 1 UNION ALL SELECT 2 SETTINGS `profile` = 'x'", /profile/],
    ['SELECT 1 SETTINGS readonly = 0', /readonly/],
    ["SELECT 1 SETTINGS param_x = 'y'", /param_x/],
    ['SELECT 1 SETTINGS allow_experimental_eval_table_function = 1', /allow_experimental/],
  ])('an analyst may not set: %s', (sql, error) => {
    expect(() => checkAnalystQuery(sql, NONE)).toThrow(error);
  });

  it('an analyst may set what is harmless, and name things as they are named', () => {
    const sql = "SELECT settings, format('{}', a) FROM gold.settings WHERE settings = 1 AND 'file' = 'system.x' ";
    expect(checkAnalystQuery(sql, NONE)).toEqual([]);
    const clause = "SETTINGS join_use_nulls = 1, log_comment = 'it''s', max_execution_time = 5";
    expect(checkAnalystQuery(sql + clause, NONE)).toEqual([
      'join_use_nulls = 1',
      "log_comment = 'it''s'",
      'max_execution_time = 5',
    ]);
    expect(checkAnalystQuery('SELECT name FROM system.tables', NONE)).toEqual([]);
  });

  it('looks at the names that parameters stand for', () => {
    const ask = (sql: string, params: Record<string, string>) => () =>
      checkAnalystQuery(sql, new Map(Object.entries(params)));
    expect(ask('SELECT * FROM {d:Identifier}.{t:Identifier}', { d: 'system', t: 'processes' })).toThrow(/DENIED/);
    expect(ask('SELECT * FROM {d:Identifier}.processes', { d: '`system`' })).toThrow(/DENIED/);
    expect(ask('SELECT * FROM {t:Identifier}', { t: 'system.processes' })).toThrow(/DENIED/);
    expect(ask('SELECT {f:Identifier}', { f: '`File`' })).toThrow(/DENIED/);
    expect(ask('SELECT * FROM {d:Identifier}.{t:Identifier}', { d: 'gold', t: 't' })()).toEqual([]);
    expect(ask('SELECT {v:String}', { v: 'system' })()).toEqual([]);
  });

  it('settings of a request are those of a list, limits downwards', () => {
    const refused = {
      format_schema: 'x',
      format_avro_schema_registry_url: 'http://x',
      input_format_x: '1',
      role: 'admin',
    };
    for (const [name, value] of Object.entries({ ...refused, profile: 'x', readonly: '0', max_threads: '2' })) {
      expect(() => checkAnalystSetting(name, value), name).toThrow(/READONLY|CONSTRAINT/);
    }
    for (const value of ['', 'abc', '1e9', 'NaN', '-5']) {
      expect(() => checkAnalystSetting('max_execution_time', value), value).toThrow(/CONSTRAINT/);
    }
    for (const [name, value] of [
      ['max_execution_time', '0.5'],
      ['readonly', '2'],
      ['output_format_json_quote_64bit_integers', '1'],
      ['date_time_output_format', 'iso'],
    ] as const) {
      checkAnalystSetting(name, value);
    }
  });

  it('formats that look for a schema are refused', () => {
    for (const format of ['Protobuf', 'CapnProto', 'AvroConfluent', 'MySQLWire']) {
      expect(() => checkAnalystFormat(format)).toThrow(/ACCESS_DENIED/);
    }
    for (const format of ['JSON', 'Parquet', 'TabSeparatedWithNamesAndTypes', 'Native']) checkAnalystFormat(format);
  });

  it('what asks by GET writes nothing', () => {
    for (const sql of ['KILL QUERY WHERE 1', 'SYSTEM FLUSH LOGS', "SELECT 1 INTO OUTFILE '/x'", 'DROP TABLE x', '']) {
      expect(() => checkReadsOnly(sql), sql).toThrow(/ACCESS_DENIED/);
    }
    checkReadsOnly('SELECT * FROM system.processes');
  });

  it('counts queries per minute', () => {
    let now = 0;
    const count = perMinute(2, () => now);
    count();
    count();
    expect(count).toThrow(/QUOTA_EXCEEDED/);
    now = 60_000;
    count();
  });
});

describe('slots', () => {
  it('lets the next in, in order, and refuses beyond the queue', async () => {
    const slots = new Slots(1, 1);
    const release = await slots.take(never);
    const second = slots.take(never);
    await expect(slots.take(never)).rejects.toMatchObject({ code: 202, status: 503 });
    release();
    release();
    (await second)();
    expect(slots.running).toBe(0);
  });

  it('forgets a waiter that left', async () => {
    const slots = new Slots(1, 1);
    const release = await slots.take(never);
    const leaver = new AbortController();
    const waiting = slots.take(leaver.signal);
    leaver.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    release();
    expect(slots.running).toBe(0);
  });
});

it('reads settings and names the bad one', () => {
  expect(readSettings({ CLICKHOUSE_PORT: '', TILLSTREAM_DATA: '/x' })).toEqual({
    port: 8123,
    password: '',
    dataDir: '/x/clickhouse',
    runDir: '/x/clickhouse-run',
  });
  expect(() => readSettings({ CLICKHOUSE_PORT: 'abc' })).toThrow(/CLICKHOUSE_PORT/);
});

it('a query that is late is killed again and again, answered once, and in the end stuck', () => {
  vi.useFakeTimers();
  try {
    const [kill, late, stuck] = [vi.fn(), vi.fn(), vi.fn()];
    const end = watchDeadline({ limitMs: 1_000, stuckMs: 5_000, kill, late, stuck });
    vi.advanceTimersByTime(999);
    expect(kill).not.toHaveBeenCalled();
    vi.advanceTimersByTime(3_001);
    expect([kill.mock.calls.length, late.mock.calls.length, stuck.mock.calls.length]).toEqual([4, 1, 0]);
    vi.advanceTimersByTime(2_000);
    expect(stuck).toHaveBeenCalledTimes(1);
    end();
    const before = kill.mock.calls.length;
    vi.advanceTimersByTime(60_000);
    expect(kill.mock.calls.length).toBe(before);
    watchDeadline({ limitMs: 1_000, stuckMs: 5_000, kill, late, stuck })();
    vi.advanceTimersByTime(60_000);
    expect([kill.mock.calls.length, late.mock.calls.length, stuck.mock.calls.length]).toEqual([before, 1, 1]);
  } finally {
    vi.useRealTimers();
  }
});

it('gives errors a status and positions of the client’s own text', () => {
  const error = ClickHouseError.from(new Error('Code: 62. DB::Exception: failed at position 30 (x)'), 20);
  expect(error.message).toContain('position 10 (x)');
  expect(error.status).toBe(400);
  expect(ClickHouseError.from(new Error('odd')).message).toBe('Code: 1001. DB::Exception: odd. (STD_EXCEPTION)');
});

it('knows content types and line formats', () => {
  expect(contentType('JSONEachRow')).toContain('ndjson');
  expect(contentType('JSONCompact')).toContain('application/json');
  expect(contentType('CSVWithNames')).toBe('text/csv; charset=UTF-8; header=present');
  expect(isJsonLines('JSONCompactEachRow')).toBe(true);
  expect(isJsonLines('JSON')).toBe(false);
});
