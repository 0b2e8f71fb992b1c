import { readFileSync } from 'node:fs';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
// Declares what the integration tests are given.
import type {} from '../tests/support/stores.ts';

const read = (file: string) => readFileSync(new URL(`clickhouse/${file}`, import.meta.url), 'utf8');
const CONFIG = read('config.d/tillstream.xml');
const USERS = read('users.d/tillstream.xml');

const parser = new XMLParser({ ignoreAttributes: false });
const branch = z.record(z.string(), z.unknown());
const users = z
  .object({
    clickhouse: z.object({
      include_from: z.string(),
      profiles: z.record(z.string(), branch),
      quotas: z.record(z.string(), z.object({ interval: branch })),
      users: z.record(z.string(), branch),
    }),
  })
  .parse(parser.parse(USERS)).clickhouse;
const config = z.object({ clickhouse: branch }).parse(parser.parse(CONFIG)).clickhouse;

/** What is no server setting but a section of its own; checked against the server's documentation, not the engine. */
const SECTIONS = new Set([
  'include_from',
  'timezone',
  'listen_host',
  'logger',
  'kafka',
  'merge_tree',
  'prometheus',
  'query_log',
  'part_log',
  'trace_log',
  'text_log',
  'processors_profile_log',
  'asynchronous_metric_log',
  'metric_log',
  'latency_log',
  'error_log',
  'query_metric_log',
  'background_schedule_pool_log',
  'opentelemetry_span_log',
  'query_thread_log',
  'query_views_log',
]);

let clickhouse: ClickHouse;
beforeAll(() => {
  clickhouse = connectClickHouse(inject('clickhouseUrl'), 'test');
});
afterAll(() => clickhouse.close());

const names = async (table: string): Promise<Set<string>> => {
  const rows = await clickhouse.rows({
    name: 'test',
    sql: `SELECT name FROM ${table}`,
    row: z.object({ name: z.string() }),
  });
  return new Set(rows.map(({ name }) => name));
};

test('both files are well-formed', () => {
  expect(XMLValidator.validate(CONFIG)).toBe(true);
  expect(XMLValidator.validate(USERS)).toBe(true);
});

test('the engine knows every setting of every profile, its constraints included', async () => {
  const known = await names('system.settings');
  for (const [profile, { constraints, ...settings }] of Object.entries(users.profiles)) {
    const constrained = constraints === undefined ? [] : Object.keys(branch.parse(constraints));
    for (const name of [...Object.keys(settings), ...constrained]) expect(known, `${profile}: ${name}`).toContain(name);
  }
});

test('the engine knows every server setting', async () => {
  const known = await names('system.server_settings');
  for (const name of Object.keys(config).filter((each) => !SECTIONS.has(each))) expect(known).toContain(name);
  const ofTables = await names('system.merge_tree_settings');
  for (const name of Object.keys(branch.parse(config.merge_tree))) expect(ofTables).toContain(name);
});

test('the engine can read every grant', async () => {
  for (const [user, { grants }] of Object.entries(users.users)) {
    if (grants === undefined) continue;
    const { query } = z.object({ query: z.union([z.string(), z.array(z.string())]) }).parse(grants);
    for (const grant of [query].flat()) {
      const { text } = await clickhouse.row({
        name: 'test',
        sql: 'SELECT formatQuerySingleLine({grant:String}) AS text',
        params: { grant: `${grant.replace(' WITH GRANT OPTION', '')} TO ${user}` },
        row: z.object({ text: z.string() }),
      });
      expect(text).toContain(`TO ${user}`);
    }
  }
});

test('the dashboard writes nothing', () => {
  const { grants } = users.users.dashboard ?? {};
  const granted = z.object({ query: z.array(z.string()) }).parse(grants).query;
  expect(granted.filter((grant) => !/^GRANT SELECT ON [a-z]+\.[a-z*]+$/.test(grant))).toEqual([]);
  expect(users.profiles.dashboard).toMatchObject({ allow_ddl: 0, constraints: { allow_ddl: { const: '' } } });
});

test('a user without a password of its own is removed, and each has a profile and a quota that exist', () => {
  const { default: anonymous, ...named } = users.users;
  expect(anonymous?.['@_remove']).toBe('remove');
  for (const [name, { password_sha256_hex, profile, quota }] of Object.entries(named)) {
    expect(branch.parse(password_sha256_hex)['@_incl']).toBe(`${name}_password`);
    expect(['default', ...Object.keys(users.profiles)]).toContain(profile);
    expect(['default', ...Object.keys(users.quotas)]).toContain(quota);
  }
});

test('an analyst can ask for less than the limits but not for more', () => {
  const { constraints, readonly, ...settings } = users.profiles.analyst ?? {};
  expect(readonly).toBe(2);
  const limits = branch.parse(constraints);
  for (const [name, value] of Object.entries(settings)) {
    const limit = branch.parse(limits[name]);
    if (!('const' in limit)) expect(limit.max, name).toBe(value);
  }
});
