import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));

/**
 * Schemathesis, as `requirements.txt` pins it, in a Python environment inside the folder; installed once.
 *
 * @returns the program
 * @throws when there is no Python with venv, or the packages cannot be had
 */
export const installTester = async (folder: string): Promise<string> => {
  const environment = path.join(folder, 'python');
  const stamp = path.join(environment, '.installed');
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    console.log('Installing Schemathesis …');
    rmSync(environment, { recursive: true, force: true });
    must('python3', ['-m', 'venv', environment]);
    must(path.join(environment, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]);
    writeFileSync(stamp, wanted);
  }
  return path.join(environment, 'bin/schemathesis');
};

const must = (file: string, args: string[]): void => {
  const { status, error, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status === 0) return;
  const said = error ? error.message : `${stdout}${stderr}`.trim();
  throw new Error(`the contract tests need Python 3.10 or newer with venv: ${file} ${args.join(' ')}: ${said}`);
};
