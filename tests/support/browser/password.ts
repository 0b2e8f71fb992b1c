import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** `npm run password` with the password piped in, as in a script. */
export const setPassword = (env: Record<string, string>, password: string) => npmRun(env, ['password'], password);

/** `npm run NAME -- ARGS` with a line piped in, as in a script. */
export const npmRun = async (
  env: Record<string, string>,
  [name = '', ...args]: string[],
  line = '',
): Promise<{ code: number | null; output: string }> => {
  const child = spawn('npm', ['run', '--silent', name, '--', ...args], { cwd: ROOT, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  child.stdin.end(`${line}\n`);
  const [code] = await once(child, 'close');
  return { code, output };
};

/** A place whose stack asks its owner to log in. */
export const LOGIN_ON = { DASHBOARD_LOGIN: 'on' };
