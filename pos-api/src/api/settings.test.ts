import { isLoopback } from '@tillstream/schemas/http/loopback';
import { SettingsError } from '@tillstream/schemas/settings';
import { expect, test } from 'vitest';
import { keysAreOn, rateLimitOf } from './settings.ts';

test.each([
  ['127.0.0.1', true],
  ['127.3.4.5', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.example.org', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test('keys are off on loopback unless asked for, on everywhere else, and cannot be off there', () => {
  expect(keysAreOn({ POS_API_HOST: '127.0.0.1' })).toBe(false);
  expect(keysAreOn({ POS_API_HOST: '127.0.0.1', POS_API_AUTH: 'on' })).toBe(true);
  expect(keysAreOn({ POS_API_HOST: '0.0.0.0' })).toBe(true);
  expect(() => keysAreOn({ POS_API_HOST: '0.0.0.0', POS_API_AUTH: 'off' })).toThrow(SettingsError);
});

test('a limit that is not set depends on whether keys tell callers apart', () => {
  expect([rateLimitOf(0, true), rateLimitOf(0, false), rateLimitOf(7, true)]).toEqual([100, 100_000, 7]);
});
