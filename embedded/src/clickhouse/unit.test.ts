import { describe, expect, it } from 'vitest';
import { ClickHouseError } from './errors.ts';
import { contentType, isJsonLines } from './formats.ts';
import { readSettings } from './settings.ts';
import { Slots } from './slots.ts';
import { inspect, namesIn, quote } from './sql.ts';
import { authenticate, checkReadOnlyQuery, checkSettings, perMinute } from './users.ts';

const never = new AbortController().signal;

describe('inspect', () => {
  it('finds verb and format behind comments, quotes and brackets', () => {
    expect(inspect("-- x\n/* ; */ select ';', `a;b` format JSON ;")).toEqual({ verb: 'SELECT', format: 'JSON' });
    expect(inspect('(select 1 format) union all select 2')).toEqual({ verb: 'SELECT' });
    expect(inspect('')).toEqual({ verb: '' });
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
    expect(inspect("insert into t values ('a;'), (2)")).toEqual({ verb: 'INSERT' });
    expect(inspect('insert into t select 1 format Null').insert).toBeUndefined();
  });

  it('takes a literal of several megabytes', () => {
    expect(inspect(`select '${"x''\\'".repeat(1_000_000)}' format CSV`).format).toBe('CSV');
  });
});

it('quotes any text and lists names without literals', () => {
  expect(quote("a'b\\c\0")).toBe("'a\\'b\\\\c\\0'");
  expect(namesIn('select `File`(\'x\', "y") from t -- url')).toEqual(['select', 'file', 'y', 'from', 't']);
});

describe('users', () => {
  const analyst = authenticate('analyst', '');

  it('knows its users only', () => {
    expect(() => authenticate('root', '')).toThrow(/Code: 516.*AUTHENTICATION_FAILED/);
    expect(() => authenticate('default', 'x')).toThrow(/516/);
  });

  it('refuses an analyst what roles do not cover', () => {
    for (const sql of [
      'KILL QUERY WHERE 1',
      'SET ROLE admin',
      "SELECT file('/etc/passwd')",
      'SELECT arrayMap(`file`, [1])',
      "SELECT 1 INTO OUTFILE '/tmp/x'",
      'SYSTEM FLUSH LOGS',
    ]) {
      expect(() => checkReadOnlyQuery(sql), sql).toThrow(/ACCESS_DENIED/);
    }
    checkReadOnlyQuery("SELECT 'file' FROM gold.t");
    expect(() => checkSettings(analyst, new Map([['profile', 'default']]), new Map())).toThrow(/READONLY/);
    expect(() => checkSettings(analyst, new Map(), new Map([['f', '`File`']]))).toThrow(/ACCESS_DENIED/);
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
    dataDir: '/x/clickhouse',
    runDir: '/x/clickhouse-run',
  });
  expect(() => readSettings({ CLICKHOUSE_PORT: 'abc' })).toThrow(/CLICKHOUSE_PORT/);
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
