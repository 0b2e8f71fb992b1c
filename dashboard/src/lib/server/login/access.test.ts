import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ACCESS, accessOf, reach } from './access.ts';
import type { Who } from './who.ts';

const ROUTES = fileURLToPath(new URL('../../../routes', import.meta.url));
const manager = (...branches: string[]): Who => ({ name: 'Mia', role: 'manager', branches });
const cashier: Who = { name: 'Cem', role: 'cashier', branches: ['A'] };
const owner: Who = { name: 'owner', role: 'owner', branches: undefined };

it('every route of the file tree has a decision, and no decision is about a route that is gone', () => {
  const files = readdirSync(ROUTES, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\+(page|server)\b/.test(path.basename(file)),
  );
  const ids = new Set(files.map((file) => `/${path.dirname(file)}`.replace(/^\/\.$/, '/')));
  expect([...ids].sort()).toEqual(Object.keys(ACCESS).sort());
});

describe('what nobody has decided about', () => {
  it.each([null, '/api/not_yet', '/(owner)/new'])("%s is the owner's alone", (route) => {
    expect(accessOf(route)).toBe('owner');
    expect(reach(owner, accessOf(route), [])).toBe('go');
    expect(reach(manager('A'), accessOf(route), ['A'])).toBe('forbidden');
    expect(reach(cashier, accessOf(route), ['A'])).toBe('forbidden');
  });
});

it('a cashier reaches the till and nothing else', () => {
  const reached = Object.keys(ACCESS).filter((route) => reach(cashier, accessOf(route), ['A']) === 'go');
  expect(reached.every((route) => route.startsWith('/till') || ['/login', '/healthz'].includes(route))).toBe(true);
  expect(reach(cashier, 'branch', [])).toBe('forbidden');
});

it('a manager sees branches of theirs, one at a time', () => {
  const mia = manager('A', 'B');
  expect(reach(mia, 'branch', ['B'])).toBe('go');
  for (const asked of [['C'], ['A', 'C'], ['C', ''], ['a']]) {
    expect(reach(mia, 'branch', asked), asked.join()).toBe('unknown-branch');
    expect(reach(mia, 'branches', asked), asked.join()).toBe('unknown-branch');
  }
  expect(reach(mia, 'branch', [])).toEqual({ oneOf: ['A', 'B'] });
  expect(reach(mia, 'branch', [''])).toEqual({ oneOf: ['A', 'B'] });
  expect(reach(manager('A'), 'branch', [])).toEqual({ branch: 'A' });
  expect(reach(mia, 'branches', [])).toBe('go');
  expect(reach(mia, 'owner', ['A'])).toBe('forbidden');
  expect(reach(manager(), 'branch', [])).not.toBe('go');
});
