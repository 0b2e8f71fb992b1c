import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import {
  clickhouseUrl,
  locationSettings,
  parseSettings,
  postgresUrl,
  SettingsError,
  shopSettings,
} from './settings.ts';

test('what is not set has its default; an empty value is not set', () => {
  expect(parseSettings(shopSettings, { CURRENCY: '' })).toEqual({
    SHOP_TIMEZONE: 'UTC',
    BUSINESS_DAY_START: '00:00',
    WEEK_START: 'monday',
    LOYAL_THRESHOLD: 3,
    MAX_QUANTITY_PER_PRODUCT: 1,
    CURRENCY: 'EUR',
    CHAIN_SINCE: '2000-02-01',
  });
});

test.each([
  ['SHOP_TIMEZONE', 'Europe/Nowhere'],
  ['BUSINESS_DAY_START', '04:10'],
  ['BUSINESS_DAY_START', '24:00'],
  ['WEEK_START', 'friday'],
  ['LOYAL_THRESHOLD', '0'],
  ['MAX_QUANTITY_PER_PRODUCT', '-1'],
  ['LOYAL_THRESHOLD', '3.5'],
  ['CURRENCY', 'euro'],
  ['CHAIN_SINCE', '2000-13-01'],
  ['POS_API_PORT', '70000'],
  ['POS_API_PORT', 'http'],
  ['KAFKA_BROKERS', 'somewhere'],
])('%s=%s is one line that names it', (name, value) => {
  const parse = () => parseSettings({ ...shopSettings, ...locationSettings }, { [name]: value });
  expect(parse).toThrow(SettingsError);
  expect(parse).toThrow(new RegExp(`^${name}=`));
  try {
    parse();
  } catch (error) {
    expect(String(error)).not.toContain('\n');
  }
});

test('every bad setting is named at once', () => {
  expect(() => parseSettings(shopSettings, { CURRENCY: 'x', WEEK_START: 'y' })).toThrow(
    /CURRENCY.*WEEK_START|WEEK_START.*CURRENCY/,
  );
});

test('the embedded Postgres is meant unless another is named', () => {
  const folder = path.dirname(secretFile(''));
  writeFileSync(path.join(folder, 'passwords.json'), '{"postgres":"p/1","clickhouse":"c"}');
  const own = { POSTGRES_PORT: 5433, CLICKHOUSE_PORT: 8124, TILLSTREAM_DATA: folder };
  expect(postgresUrl(own)).toBe('postgres://tillstream:p%2F1@127.0.0.1:5433/tillstream');
  expect(clickhouseUrl(own)).toBe('http://default:c@127.0.0.1:8124');
  const none = { ...own, TILLSTREAM_DATA: '/nowhere' };
  expect(postgresUrl({ ...none, POSTGRES_URL: 'postgres://a@b/c' })).toBe('postgres://a@b/c');
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('exit');
  });
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  expect(() => postgresUrl(none)).toThrow('exit');
  expect(said).toHaveBeenCalledWith(
    expect.stringMatching(/^Bad setting: there is no \S+: run npm start first, .*POSTGRES_URL$/),
  );
  exit.mockRestore();
  said.mockRestore();
});

const secretFile = (text: string) => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'settings-')), 'secret');
  writeFileSync(file, text);
  return file;
};

test('a setting is read from the file that NAME_FILE names, unless it is given itself', () => {
  const POSTGRES_URL_FILE = secretFile('postgres://a:secret@b/c\n');
  expect(parseSettings(locationSettings, { POSTGRES_URL_FILE }).POSTGRES_URL).toBe('postgres://a:secret@b/c');
  expect(parseSettings(locationSettings, { POSTGRES_URL_FILE, POSTGRES_URL: 'postgres://x@y/z' }).POSTGRES_URL).toBe(
    'postgres://x@y/z',
  );
});

test('a file that cannot be read is told, what stands in one is not', () => {
  expect(() => parseSettings(locationSettings, { POSTGRES_URL_FILE: '/nowhere/at/all' })).toThrow(
    /^POSTGRES_URL_FILE=\/nowhere/,
  );
  const parse = () => parseSettings(locationSettings, { POSTGRES_URL_FILE: secretFile('hunter2') });
  expect(parse).toThrow(/^POSTGRES_URL_FILE: /);
  expect(parse).not.toThrow(/hunter2/);
});
