import { spawn, spawnSync } from 'node:child_process';
import { root } from './install.mjs';

/** Runs commands one after the other on this terminal; the first that fails ends the process with its exit code. */
export const runSteps = async (steps) => {
  for (const [what, command, args] of steps) {
    console.log(`— ${what}`);
    const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
};

/** Runs commands side by side and prints each one's output when it has ended; exits with the code of one that failed, if any did. */
export const runTogether = async (steps) => {
  const codes = await Promise.all(
    steps.map(
      ([what, command, args]) =>
        new Promise((resolve) => {
          const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
          let output = `— ${what}\n`;
          for (const stream of [child.stdout, child.stderr]) {
            stream.on('data', (chunk) => {
              output += chunk;
            });
          }
          child.once('error', ({ message }) => {
            output += `${message}\n`;
          });
          child.once('close', (code) => {
            process.stdout.write(output);
            resolve(code ?? 1);
          });
        }),
    ),
  );
  const failed = codes.find((code) => code !== 0);
  if (failed !== undefined) process.exit(failed);
};
