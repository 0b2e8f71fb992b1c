import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Whether there is a Python that can make environments. */
export const pythonIsThere = (): boolean => spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0;

/**
 * A Python environment with the packages of a `requirements.txt`, inside the folder; installed once.
 *
 * @returns its folder of programs
 * @throws when there is no Python with venv, or the packages cannot be had
 */
export const installPython = (folder: string, requirements: string): string => {
  const environment = path.join(folder, 'python');
  const stamp = path.join(environment, '.installed');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    rmSync(environment, { recursive: true, force: true });
    must('python3', ['-m', 'venv', environment]);
    must(path.join(environment, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
    writeFileSync(stamp, wanted);
  }
  return path.join(environment, 'bin');
};

const must = (file: string, args: string[]): void => {
  const { status, error, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status === 0) return;
  const said = error ? error.message : `${stdout}${stderr}`.trim();
  throw new Error(`Python 3.10 or newer with venv is needed: ${file} ${args.join(' ')}: ${said}`);
};
