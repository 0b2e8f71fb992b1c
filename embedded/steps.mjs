import { spawnSync } from 'node:child_process';
import { root } from './install.mjs';

/** Runs commands one after the other on this terminal; the first that fails ends the process with its exit code. */
export const runSteps = async (steps) => {
  for (const [what, command, args] of steps) {
    console.log(`— ${what}`);
    const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
};
