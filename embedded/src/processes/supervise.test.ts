import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../../tests/support/eventually.ts';
import { ProcessList } from './processes.ts';
import { type Part, Supervisor } from './supervise.ts';

const supervise = () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-supervise-'));
  const said: string[] = [];
  const supervisor = new Supervisor(new ProcessList(folder), folder, (line) => said.push(line));
  const pids = () => readFileSync(supervisor.logOf('part'), 'utf8').trim().split('\n').filter(Boolean).map(Number);
  const part = (code: string, probe = async () => pids()[0] ?? Promise.reject(new Error('not yet'))): Part => ({
    name: 'part',
    command: { file: process.execPath, args: ['-e', `console.log(process.pid); ${code}`] },
    probe,
  });
  return { supervisor, said, pids, part };
};
const FOR_EVER = 'setInterval(() => {}, 1000)';

test('a part that dies is started again, says so, and writes to its log', async () => {
  const { supervisor, said, pids, part } = supervise();
  await supervisor.start(part(FOR_EVER));
  process.kill(pids()[0] ?? 0, 'SIGKILL');
  await eventually(async () => expect(pids()).toHaveLength(2));
  await eventually(async () => expect(said.join('\n')).toMatch(/part died \(SIGKILL\)[\s\S]*part is back after/));
  supervisor.beginStopping();
  await supervisor.stop(['part'], 1_000);
  expect(() => process.kill(pids()[1] ?? 0, 0)).toThrow();
});

test('a part that cannot start fails the start, with the place of its log', async () => {
  const { supervisor, said, part } = supervise();
  const failing = part('process.exit(3)', () => Promise.reject(new Error('no')));
  await expect(supervisor.start(failing)).rejects.toThrow(/part did not start: see .*part\.log/);
  expect(said).toEqual([]);
});

test('a part that is never ready fails the start after its time, with the reason', async () => {
  const { supervisor, part } = supervise();
  const slow = part(FOR_EVER, () => Promise.reject(new Error('still warming up')));
  await expect(supervisor.start(slow, 300)).rejects.toThrow(/not ready after 0.3 s \(still warming up\)/);
  supervisor.beginStopping();
  await supervisor.stop(['part'], 1_000);
});

test('what does not stop when asked is killed', async () => {
  const { supervisor, pids, part } = supervise();
  await supervisor.start(part(`process.on('SIGTERM', () => {}); ${FOR_EVER}`));
  supervisor.beginStopping();
  await supervisor.stop(['part'], 200);
  expect(() => process.kill(pids()[0] ?? 0, 0)).toThrow();
});

test.runIf(existsSync('/proc/self/autogroup'))(
  'a part leaves the processor to the others while work lasts',
  async () => {
    const { supervisor, pids, part } = supervise();
    await supervisor.start(part(FOR_EVER));
    const nice = () => readFileSync(`/proc/${pids()[0]}/autogroup`, 'utf8').trim().split(' ').at(-1);
    expect(await supervisor.behind(['part', 'not running'], async () => nice())).toBe('10');
    expect(nice()).toBe('0');
    await expect(supervisor.behind(['part'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(nice()).toBe('0');
    supervisor.beginStopping();
    await supervisor.stop(['part'], 1_000);
  },
);
