import { expect, it } from 'vitest';
import { isSession, newSession, SESSION_MS } from './session.ts';

const NOW = 1_800_000_000_000;
const SECRET = 's'.repeat(32);

it('holds until its end, for its secret and its password alone', () => {
  const session = newSession(SECRET, 'hash', NOW);
  expect(isSession(SECRET, 'hash', session, NOW)).toBe(true);
  expect(isSession(SECRET, 'hash', session, NOW + SESSION_MS - 1)).toBe(true);
  expect(isSession(SECRET, 'hash', session, NOW + SESSION_MS)).toBe(false);
  expect(isSession('t'.repeat(32), 'hash', session, NOW)).toBe(false);
  expect(isSession(SECRET, 'another hash', session, NOW)).toBe(false);
});

it('is nothing that can be made up or stretched', () => {
  const [end = '', signature = ''] = newSession(SECRET, 'hash', NOW).split('.');
  for (const text of [
    '',
    '.',
    `${end}.`,
    `.${signature}`,
    `${Number(end) + 1}.${signature}`,
    `${end}.${'A'.repeat(43)}`,
  ]) {
    expect(isSession(SECRET, 'hash', text, NOW)).toBe(false);
  }
});
