import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, createReadStream, createWriteStream, mkdirSync } from 'node:fs';
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
  /** What the command reads, and a file that takes what it prints instead of the answer. */
  input?: { file: string } | { text: string };
  outputFile?: string;
  /** Seconds after which the command is ended; default 600. */
  timeoutSeconds?: number;
}

/** Runs a command and gives what it printed; all of it also goes to the log. Throws with its last lines when it fails. */
export const run = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  mkdirSync(WORK, { recursive: true });
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: (options.timeoutSeconds ?? 600) * 1000,
  });
  // Whoever reads nothing closes its end; that is no fault.
  child.stdin.on('error', () => undefined);
  const { input } = options;
  if (input !== undefined && 'file' in input) createReadStream(input.file).pipe(child.stdin);
  else child.stdin.end(input?.text);
  let output = '';
  let errors = '';
  if (options.outputFile !== undefined) child.stdout.pipe(createWriteStream(options.outputFile));
  else {
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
  }
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

/** What a command prints that is expected to fail. Throws when it does not. */
export const fails = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  const said = await run(command, args, options).then(
    (output) => ({ output }),
    (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
  );
  if ('output' in said)
    throw new Error(`${command} ${args.slice(0, 6).join(' ')} was expected to fail: ${said.output}`);
  return said.error;
};

/** Whether a command exists and ends well. */
export const works = (command: string, args: readonly string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  );
