import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Command, nodeCommand } from '@tillstream/embedded/processes/command';

/** A process of a test, and all that it said. */
export interface Run {
  child: ChildProcess;
  output: () => string;
  /** Its exit code, when it has ended; null when a signal ended it. */
  ended: Promise<number | null>;
}

/** Starts a command. */
export const run = ({ file, args, env = {}, uid, gid }: Command): Run => {
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return { child, output: () => text, ended: once(child, 'exit').then(([code]: (number | null)[]) => code ?? null) };
};

/** Starts an entry point of the POS API as `npm start` does. */
export const runEntry = (entry: string, args: string[], env: Record<string, string>): Run =>
  run(nodeCommand(fileURLToPath(new URL(`../src/${entry}`, import.meta.url)), args, env));
