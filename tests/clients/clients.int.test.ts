import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnEngine, startOwnEngine } from '../support/own-engine.ts';
import { installPython, pythonIsThere } from '../support/python.ts';

// Programs that are not ours, with their defaults, as the user `analyst`: what they ask at connect must be answered, too.
const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Downloads and builds of a first time, on a machine that is busy. */
const INSTALL_MS = 600_000;
const ASK_MS = 180_000;
const DAYS = 60;
const PURCHASES = 1_770;

const isThere = (command: string): boolean => spawnSync(command, ['version']).error === undefined;
const javaIsThere = isThere('java') && isThere('javac') && isThere('mvn');

let engine: OwnEngine;
let port: string;
let folder: string;
/** What is installed once. */
const kept = path.resolve(process.env.TILLSTREAM_DATA || '.tillstream', 'clients');

const run = async (command: string, args: string[], cwd = HERE, env: Record<string, string> = {}): Promise<string> => {
  const { stdout } = await promisify(execFile)(command, args, {
    cwd,
    env: { ...process.env, ...env },
    maxBuffer: 10_000_000,
  });
  return stdout;
};
const lines = (text: string): string[] => text.trim().split('\n');

beforeAll(async () => {
  mkdirSync(kept, { recursive: true });
  folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-clients-'));
  engine = await startOwnEngine('clients');
  ({ port } = new URL(engine.url));
  for (const sql of [
    'CREATE DATABASE gold',
    `CREATE TABLE gold.days (day Date, branch_id LowCardinality(String), purchases UInt64, revenue Decimal(18, 2),
       note Nullable(String)) ENGINE = MergeTree ORDER BY day`,
    `INSERT INTO gold.days SELECT toDate('2026-01-01') + number, 'SMKT001', number, number / 3, NULL FROM numbers(${DAYS})`,
  ]) {
    await engine.clickhouse.command(sql);
  }
});

afterAll(async () => {
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(!javaIsThere)(
  'JDBC, without a password and with any',
  async () => {
    await run('mvn', [
      '-q',
      '-B',
      '-f',
      'jdbc/pom.xml',
      'dependency:copy-dependencies',
      `-DoutputDirectory=${kept}/jdbc`,
    ]);
    const jars = `${kept}/jdbc/*`;
    await run('javac', ['-d', folder, 'jdbc/Client.java']);
    for (const password of [[], ['any']]) {
      const said = await run('java', ['-cp', `${jars}:${folder}`, 'Client', `localhost:${port}`, ...password]);
      expect(lines(said)).toEqual([
        'version 26',
        'tables 1',
        'columns 5',
        'row analyst 1711 2026-02-28',
        'rows 100000',
      ]);
    }
  },
  INSTALL_MS,
);

test.skipIf(!isThere('go'))(
  'clickhouse-go, packed in each way, with a table of its own',
  async () => {
    const sources = path.join(folder, 'go');
    cpSync(path.join(HERE, 'go'), sources, { recursive: true });
    await run('go', ['mod', 'tidy'], sources);
    const said = await run('go', ['run', '.', `localhost:${port}`], sources);
    expect(lines(said)).toEqual(
      ['none', 'lz4', 'zstd', 'gzip'].map((method) => `${method} analyst ${PURCHASES} 100000 ${DAYS}`),
    );
  },
  INSTALL_MS,
);

test.skipIf(!pythonIsThere())(
  'clickhouse-connect, pandas, SQLAlchemy',
  async () => {
    const programs = installPython(kept, path.join(HERE, 'python/requirements.txt'));
    const said = await run(path.join(programs, 'python'), ['python/client.py', port, 'local-only']);
    expect(lines(said)).toEqual([
      ...['lz4', 'zstd', 'gzip', 'False'].map((packed) => `packed ${packed} analyst ${PURCHASES} 100000 ${DAYS} M`),
      `settings 1 external ${DAYS}`,
      ...['lz4', 'gzip', 'False'].map((packed) => `inserted ${packed} 20000 199990000`),
      "sqlalchemy ['days'] 5 1305",
    ]);
  },
  INSTALL_MS,
);

test.skipIf(!pythonIsThere())(
  'dbt reads: its connection test, a query, a test of a source',
  async () => {
    const programs = installPython(kept, path.join(HERE, 'python/requirements.txt'));
    const project = path.join(folder, 'dbt');
    cpSync(path.join(HERE, 'python/dbt'), project, { recursive: true });
    const dbt = (...args: string[]) =>
      run(
        path.join(programs, 'dbt'),
        ['--no-send-anonymous-usage-stats', '--no-use-colors', ...args, '--profiles-dir', '.'],
        project,
        { CLIENT_PORT: port },
      );
    expect(await dbt('debug')).toContain('All checks passed!');
    const sum = "select sum(purchases) as n from {{ source('gold', 'days') }}";
    expect(await dbt('show', '--inline', sum)).toContain(`| ${PURCHASES} |`);
    expect(await dbt('test')).toContain('PASS=1');
  },
  INSTALL_MS,
);

test(
  'a table that came with a query is no way around what an analyst may do',
  async () => {
    const attack = async (structure: string, format: string, data: string, query = 'SELECT * FROM t', name = 't') => {
      const form = new FormData();
      form.set(name, new Blob([data]), 'data');
      const search = new URLSearchParams({ user: 'analyst', query, t_structure: structure, t_format: format });
      const answer = await fetch(`http://127.0.0.1:${port}/?${search}`, { method: 'POST', body: form });
      return { status: answer.status, text: await answer.text() };
    };
    expect(await attack('a UInt8', 'CSV', '1\n2\n', 'SELECT sum(a) FROM t')).toEqual({ status: 200, text: '3\n' });
    for (const [structure, format, data, name] of [
      ['a String', 'Values', "(file('/etc/passwd'))", 't'],
      ["a String DEFAULT file('/etc/passwd')", 'CSV', '', 't'],
      ["a String) ENGINE = File(CSV, '/etc/passwd') COMMENT ('x'", 'CSV', '', 't'],
      ['a AggregateFunction(groupBitmap, UInt32)', 'RowBinary', 'x', 't'],
      ['a String; DROP TABLE gold.days', 'CSV', 'x', 't'],
      ['a String', 'CSV', 'x', 'gold.days'],
      ['a String', 'Protobuf', 'x', 't'],
    ] as const) {
      const { status, text } = await attack(structure, format, data, 'SELECT * FROM t', name);
      expect(status, `${structure} ${format} ${text}`).toBe(400);
      expect(text).not.toContain('root:');
    }
    expect(await attack('a UInt8', 'CSV', '1\n', 'INSERT INTO gold.days SELECT * FROM t')).toMatchObject({
      status: 403,
    });
    const count = await attack('a UInt8', 'CSV', '', 'SELECT count() FROM gold.days');
    expect(count).toEqual({ status: 200, text: `${DAYS}\n` });
  },
  ASK_MS,
);
