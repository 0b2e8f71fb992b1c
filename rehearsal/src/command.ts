import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone that is rehearsed. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Build contexts, logs and backups of a rehearsal; git ignores it. */
export const WORK = path.join(ROOT, 'rehearsal', '.work');
const LOG = path.join(WORK, 'commands.log');

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Seconds after which the command is ended; default 600. */
  timeoutSeconds?: number;
}

/** Runs a command and gives what it printed; all of it also goes to the log. Throws with its last lines when it fails. */
export const run = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  mkdirSync(WORK, { recursive: true });
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: (options.timeoutSeconds ?? 600) * 1000,
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  appendFileSync(LOG, `$ ${command} ${args.join(' ')}\n${output}${errors}\n`);
  if (code !== 0) {
    const last = `${output}${errors}`.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${command} ${args.slice(0, 6).join(' ')} ended with ${code}:\n${last}`);
  }
  return output;
};

/** Whether a command exists and ends well. */
export const works = (command: string, args: readonly string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  );
