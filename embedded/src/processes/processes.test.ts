import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ProcessList } from './processes.ts';

const folder = () => mkdtempSync(path.join(os.tmpdir(), 'tillstream-processes-'));
const sleeper = (code = 'setInterval(() => {}, 1000)') =>
  spawn(process.execPath, ['-e', code], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });

test('the next start stops what an earlier one left behind, even what ignores being asked', async () => {
  const state = folder();
  const polite = sleeper();
  const deaf = sleeper("process.on('SIGINT', () => {}); console.log('deaf'); setInterval(() => {}, 1000)");
  await once(deaf.stdout ?? deaf, 'data');
  const first = new ProcessList(state);
  first.add('polite', polite.pid ?? 0);
  first.add('deaf', deaf.pid ?? 0);
  const exits = Promise.all([once(polite, 'exit'), once(deaf, 'exit')]);
  expect((await new ProcessList(state).stopLeftovers(300)).sort()).toEqual(['deaf', 'polite']);
  const signals = (await exits).map(([, signal]) => signal);
  expect(signals).toEqual(['SIGINT', 'SIGKILL']);
});

test('a process that only has the same id is left alone', async () => {
  const state = folder();
  const other = sleeper();
  writeFileSync(path.join(state, 'processes.json'), JSON.stringify([{ name: 'relay', pid: other.pid, started: '1' }]));
  expect(await new ProcessList(state).stopLeftovers(100)).toEqual([]);
  expect(other.exitCode).toBeNull();
  other.kill('SIGKILL');
});

test('a running start is found, one that ended is not', () => {
  const state = folder();
  expect(new ProcessList(state).runningParent()).toBeUndefined();
  const list = new ProcessList(state);
  list.addParent();
  expect(new ProcessList(state).runningParent()).toBe(process.pid);
  list.remove('start');
  expect(new ProcessList(state).runningParent()).toBeUndefined();
});

test('half a file is no file', () => {
  const state = folder();
  writeFileSync(path.join(state, 'processes.json'), '[{"name": "re');
  expect(new ProcessList(state).runningParent()).toBeUndefined();
});
