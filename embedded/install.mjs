// What a fresh clone is missing: npm packages, the broker's classes, the built dashboard. Each step says what it
// does and how long it took; a step whose inputs have not changed is skipped.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { alone } from './lock.mjs';

export const root = fileURLToPath(new URL('../', import.meta.url));
const STAMP = path.join(root, 'node_modules', '.tillstream-installed');
const KAFKA = path.join(root, 'embedded', 'kafka');
/** Not where a step cleans up. */
const LOCKS = path.join(root, 'embedded', '.locks');

/** Packages, broker and dashboard. */
export const installAll = async () => {
  requireNode();
  await Promise.all([installPackages(), installKafka()]);
  await buildDashboard();
};

/** npm packages as the lock file names them. */
export const installPackages = async () => {
  requireNode();
  await bring(
    'packages',
    STAMP,
    () => digest([path.join(root, 'package-lock.json')]),
    () => step('Installing', 'npm packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']),
  );
};

/**
 * Apache Kafka from Maven Central, where Java 17 and Maven are there and no other broker is named.
 *
 * @public the rehearsal calls it from a process of its own
 */
export const installKafka = async () => {
  if (process.env.KAFKA_BROKERS || !hasJavaAndMaven()) return;
  const lib = path.join(KAFKA, 'lib');
  const pom = path.join(KAFKA, 'pom.xml');
  await bring(
    'broker',
    path.join(lib, '.installed'),
    () => digest([pom]),
    async () => {
      rmSync(lib, { recursive: true, force: true });
      await step('Installing', 'Apache Kafka (Maven)', 'mvn', [
        '-q',
        '-B',
        '-f',
        pom,
        'dependency:copy-dependencies',
        `-DoutputDirectory=${lib}`,
      ]);
      mkdirSync(lib, { recursive: true });
    },
  );
};

/** The dashboard's pages, built when its sources are newer than the last build. */
const buildDashboard = async () => {
  const inputs = () => {
    const sources = ['dashboard', 'schemas', 'clickhouse'].flatMap((part) => sourceFiles(path.join(root, part)));
    return digest([path.join(root, 'package-lock.json'), ...sources]);
  };
  await bring('dashboard', path.join(root, 'dashboard', 'build', '.built'), inputs, () =>
    step('Building', 'the pages of the dashboard', 'npm', ['run', '--silent', 'build', '-w', 'dashboard']),
  );
};

/** Runs a TypeScript file in a process of its own and exits as it does. Signals reach it by the terminal, or from here. */
export const runTypeScript = async (entry, args) => {
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', 'tsx', path.join(root, entry), ...args], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // The terminal sends Ctrl-C to both; a second one does no harm.
    process.on(signal, () => child.kill(signal));
  }
  const { code, signal } = await ended(child);
  process.exit(code ?? (signal === 'SIGINT' ? 130 : 1));
};

/**
 * Does a step unless its stamp says that it was done from the same inputs. Of several processes one does it, the others
 * wait and find it done.
 */
const bring = async (what, stamp, inputs, work) => {
  if (read(stamp) === inputs()) return;
  await alone(path.join(LOCKS, what), `the ${what}`, async () => {
    const wanted = inputs();
    if (read(stamp) === wanted) return;
    await work();
    writeFileSync(stamp, wanted);
  });
};

const requireNode = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Tillstream needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(1);
};

const hasJavaAndMaven = () => {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = /version "(\d+)/.exec(java.stderr ?? '')?.[1];
  return Number(version) >= 17 && spawnSync('mvn', ['-v']).status === 0;
};

const step = async (doing, what, command, args) => {
  const began = performance.now();
  console.log(`${doing} ${what} …`);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const { code } = await ended(child);
  if (code !== 0) {
    console.error(output.trim());
    console.error(`${doing} ${what} failed: ${command} ${args.join(' ')}`);
    process.exit(1);
  }
  console.log(`${doing} ${what} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
};

const ended = (child) =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });

const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

const digest = (files) => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(path.relative(root, file)).update(readFileSync(file));
  return hash.digest('hex');
};

const sourceFiles = (folder) =>
  readdirSync(folder)
    .filter((name) => !['node_modules', 'build', '.svelte-kit'].includes(name))
    .sort()
    .flatMap((name) => {
      const file = path.join(folder, name);
      return statSync(file).isDirectory() ? sourceFiles(file) : [file];
    });
