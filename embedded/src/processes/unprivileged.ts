import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StateFolder } from '../state.ts';
import type { Command } from './command.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A user of this machine other than root. */
export interface User {
  uid: number;
  gid: number;
}

/** What a user must be able to run, read and enter. */
export interface Needs {
  programs?: string[];
  files?: string[];
  folders?: string[];
}

/** A command that ends well where all of it can be reached. */
export const reachCommand = ({ programs = [], files = [], folders = [] }: Needs): string[] => [
  '/bin/sh',
  '-c',
  [
    ...programs.map((program) => `${quoted(program)} --version`),
    ...files.map((file) => `cat ${quoted(file)}`),
    ...folders.map((folder) => `cd ${quoted(folder)}`),
  ].join(' && '),
];

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The first of these users who is there and reaches all of it; undefined if none does. Root alone may ask. */
export const userWhoReaches = (names: string[], needs: Needs): User | undefined => {
  const known = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [shell = '', ...args] = reachCommand(needs);
  for (const name of names) {
    const entry = known.find(([user]) => user === name);
    if (!entry) continue;
    const user = { uid: Number(entry[2]), gid: Number(entry[3]) };
    if (spawnSync(shell, args, { ...user, stdio: 'ignore', cwd: '/' }).status === 0) return user;
  }
  return undefined;
};

/** Makes the folder where there is none, and gives it with all that is in it to a user, unless it is theirs. */
export const giveTo = (folder: string, { uid, gid }: User): void => {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (statSync(folder).uid !== uid) execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
};

/**
 * A command as a user, in place of root. Its home is the state folder of the stack, which it can enter.
 *
 * @param user undefined: as whoever starts it
 */
export const runAs = (command: Command, user: User | undefined, home: string): Command =>
  user === undefined ? command : { ...command, ...user, env: { ...command.env, HOME: path.resolve(home) } };

/**
 * Whom root lends to the parts, which need none of its rights; undefined for anybody else. Where no other user reaches the
 * clone, as under /root, the parts run as root, and one line says so.
 */
export const lentUser = (state: StateFolder, say: (line: string) => void): User | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  state.letPass();
  const files = ['embedded/src/main.ts', 'node_modules/tsx/package.json'].map((file) => path.join(ROOT, file));
  const user = userWhoReaches(['nobody'], { programs: [process.execPath], files, folders: [ROOT, state.path] });
  if (!user)
    say(`  All runs as root: no other user can reach ${ROOT} and ${state.path}. Clone to a folder that all can read.`);
  return user;
};
