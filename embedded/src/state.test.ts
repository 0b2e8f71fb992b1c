import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readPasswords } from '@tillstream/schemas/credentials/own-passwords';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { giveTo, userWhoReaches } from './processes/unprivileged.ts';
import { StateFolder } from './state.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'state-test-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

test('passwords are made once, differ, and nobody else reads them', () => {
  const state = new StateFolder(path.join(parent, 'state'));
  expect(modeOf(state.path)).toBe('700');
  const { passwords, isNew } = state.passwords();
  expect(isNew).toBe(true);
  expect(passwords.postgres).toMatch(/^[\w-]{32}$/);
  expect(passwords.postgres).not.toBe(passwords.clickhouse);
  // They hold from when they are kept, which is when Postgres has them.
  expect(readPasswords(state.path)).toBeUndefined();
  state.keepPasswords(passwords);
  expect(modeOf(path.join(state.path, 'passwords.json'))).toBe('600');
  expect(state.passwords()).toEqual({ passwords, isNew: false });
});

test('where Postgres was never started its password is new', () => {
  const state = new StateFolder(path.join(parent, 'state'));
  state.keepPasswords({ clickhouse: 'c' });
  expect(state.passwords()).toMatchObject({ passwords: { clickhouse: 'c' }, isNew: true });
});

test.skipIf(process.getuid?.() !== 0)('root lends a user who reaches what is needed, and gives folders away', () => {
  const state = new StateFolder(path.join(parent, 'state'));
  const needs = { programs: [process.execPath], folders: [state.path] };
  expect(userWhoReaches(['nobody'], needs)).toBeUndefined();
  state.letPass();
  // The folder above belongs to root alone, as a clone under /root would.
  expect(userWhoReaches(['nobody'], needs)).toBeUndefined();
  new StateFolder(parent).letPass();
  const user = userWhoReaches(['no such user', 'nobody'], needs);
  expect(user?.uid).toBeGreaterThan(0);
  if (!user) return;
  giveTo(state.inside('clickhouse'), user);
  expect(statSync(state.inside('clickhouse'))).toMatchObject({ uid: user.uid, gid: user.gid });
  expect(modeOf(state.inside('clickhouse'))).toBe('700');
});
