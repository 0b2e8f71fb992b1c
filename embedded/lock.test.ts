import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const LOCK = new URL('lock.mjs', import.meta.url).href;

/** Processes of their own that each do a step of some time under the same lock and write down when. */
const newPlace = () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-lock-'));
  const [lock, log] = [path.join(folder, 'locks', 'step'), path.join(folder, 'log')];
  writeFileSync(log, '');
  const start = (ms: number) => {
    const code = `
      import { appendFileSync } from 'node:fs';
      import { alone } from '${LOCK}';
      await alone(${JSON.stringify(lock)}, 'the step', async () => {
        appendFileSync(${JSON.stringify(log)}, 'begins ');
        await new Promise((resolve) => setTimeout(resolve, ${ms}));
        appendFileSync(${JSON.stringify(log)}, 'ends ');
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    return { child, done: once(child, 'close').then(([code]) => ({ code, output })) };
  };
  return { lock, start, steps: () => readFileSync(log, 'utf8').trim() };
};
const until = async (check: () => boolean) => {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 10));
};

test('the second waits for the first and says so', async () => {
  const { lock, start, steps } = newPlace();
  const first = start(800);
  await until(() => steps() === 'begins');
  const second = start(0);
  expect(await first.done).toEqual({ code: 0, output: '' });
  expect(await second.done).toEqual({
    code: 0,
    output: `Waiting for the step, which process ${first.child.pid} brings …\n`,
  });
  expect(steps()).toBe('begins ends begins ends');
  expect(existsSync(lock)).toBe(false);
});

test('the lock of a process that was killed is taken over, by one of those that wait', async () => {
  const { lock, start, steps } = newPlace();
  const killed = start(60_000);
  await until(() => steps() === 'begins');
  const waiting = [1, 2, 3, 4].map(() => start(100));
  killed.child.kill('SIGKILL');
  await killed.done;
  for (const { code } of await Promise.all(waiting.map(({ done }) => done))) expect(code).toBe(0);
  expect(steps()).toBe(`begins ${'begins ends '.repeat(4).trim()}`);
  expect(existsSync(lock)).toBe(false);
});

test('another program that has the same process id by now does not hold it', async () => {
  const { lock, start, steps } = newPlace();
  await start(0).done;
  writeFileSync(lock, `${process.pid} 1`);
  expect(await start(0).done).toEqual({ code: 0, output: '' });
  expect(steps()).toBe('begins ends begins ends');
});
