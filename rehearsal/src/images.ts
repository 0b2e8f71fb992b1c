import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { ROOT, run, WORK, works } from './command.ts';

const STAND_INS = path.join(ROOT, 'rehearsal', 'stand-ins');
const DEBIAN = 'tillstream-stand-in/debian:forky';
const BASE = 'tillstream-stand-in/base';
/** Debian's release whose packages are of the versions that docker-compose.yml names. */
const SUITE = 'forky';

/** An official image that may have to be stood in for, and what goes into the stand-in beside its folder. */
interface StandIn {
  folder: string;
  image: string;
  /** What only the official image would have shown. */
  untested: string;
  prepare?: (context: string) => Promise<unknown>;
}

const imageOf = (file: string, pattern: RegExp): string => {
  const [, image] = pattern.exec(readFileSync(path.join(ROOT, file), 'utf8')) ?? [];
  if (image === undefined) throw new Error(`no image like ${pattern} in ${file}`);
  return image;
};

const copy = (from: string, to: string) => cp(from, to, { recursive: true, dereference: true });

/** What the engine's server imports, with their native parts. */
const PACKAGES_OF_THE_ENGINE = [
  ...['chdb', '@chdb', 'node-gyp-build', 'node-addon-api', '@clickhouse/client-common'],
  ...['lz4-napi', '@antoniomuso', 'zod'],
];

const standIns = (): StandIn[] => [
  {
    folder: 'node',
    image: imageOf('deploy/Dockerfile', /NODE_IMAGE=(\S+)/),
    untested: "the official image's size",
    prepare: async (context) => {
      const [line] = (await run('npm', ['root', '-g'])).split('\n');
      await copy(path.join(line ?? '', 'npm'), path.join(context, 'npm'));
    },
  },
  {
    folder: 'nginx',
    image: imageOf('docker-compose.yml', /image: (nginx:\S+)/),
    untested: "the official image's layout of /etc/nginx",
  },
  {
    folder: 'postgres',
    image: imageOf('docker-compose.yml', /image: (postgres:\S+)/),
    untested: "the official image's entry point",
  },
  {
    folder: 'redpanda',
    image: imageOf('docker-compose.yml', /image: (\S+redpanda:\S+)/),
    untested: "Redpanda itself: its arguments, its memory, rpk's answers; Apache Kafka answered in its place",
    prepare: async (context) => {
      await copy(await kafkaClasses(), path.join(context, 'lib'));
      await copy(path.join(ROOT, 'embedded', 'kafka', 'log4j2.xml'), path.join(context, 'log4j2.xml'));
    },
  },
  {
    folder: 'clickhouse',
    image: imageOf('docker-compose.yml', /image: (clickhouse\/\S+)/),
    untested:
      'the server around the engine: config.d, and of users.d all but the passwords; grants, profiles and quotas were not in force',
    prepare: async (context) => {
      const app = path.join(context, 'app');
      for (const name of PACKAGES_OF_THE_ENGINE) {
        await copy(path.join(ROOT, 'node_modules', name), path.join(app, 'node_modules', name));
      }
      await copy(path.join(ROOT, 'embedded', 'src', 'clickhouse'), path.join(app, 'embedded', 'src', 'clickhouse'));
      await copy(path.join(ROOT, 'embedded', 'package.json'), path.join(app, 'embedded', 'package.json'));
      await copy(path.join(ROOT, 'schemas'), path.join(app, 'schemas'));
      // A link, as npm makes one: Node runs no TypeScript that lies below node_modules.
      await mkdir(path.join(app, 'node_modules', '@tillstream'));
      await symlink('../../schemas', path.join(app, 'node_modules', '@tillstream', 'schemas'));
    },
  },
  {
    folder: 'prometheus',
    image: imageOf('docker-compose.monitoring.yml', /image: (prom\/\S+)/),
    untested:
      "the official image's release of Prometheus; Grafana was not run, its expressions were asked of Prometheus",
  },
];

/** Where Apache Kafka's classes are, installed when they are not, as `npm start` does it. */
const kafkaClasses = async (): Promise<string> => {
  const install = path.join(ROOT, 'embedded', 'install.mjs');
  await run(process.execPath, ['--input-type=module', '-e', `await (await import('${install}')).installKafka()`], {
    env: { KAFKA_BROKERS: '' },
  });
  const lib = path.join(ROOT, 'embedded', 'kafka', 'lib');
  if (!existsSync(lib)) throw new Error('a stand-in for Redpanda takes Java 17 and Maven on this machine');
  return lib;
};

const isThere = (image: string) => works('docker', ['image', 'inspect', image]);

// The classic builder needs no plugin, and it is what old installations have; both build these Dockerfiles.
const builder = async (): Promise<Record<string, string>> =>
  (await works('docker', ['buildx', 'version'])) ? {} : { DOCKER_BUILDKIT: '0' };

const build = async (tag: string, context: string, args: readonly string[] = []) =>
  run('docker', ['build', '--network=host', '-t', tag, ...args, context], {
    timeoutSeconds: 1200,
    env: await builder(),
  });

/** The official build of Node that deploy/Dockerfile names, as npm has it: Debian's own cannot run TypeScript. */
const officialNode = async (): Promise<string> => {
  const version = imageOf('deploy/Dockerfile', /NODE_IMAGE=node:([\d.]+)/);
  const folder = path.join(WORK, 'node-binary');
  await mkdir(folder, { recursive: true });
  await run('npm', ['install', '--no-save', '--prefix', folder, `node-linux-${process.arch}@${version}`]);
  return path.join(folder, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
};

/** A Debian of its own, where none can be pulled. */
const makeBase = async (): Promise<void> => {
  if (await isThere(BASE)) return;
  if (!(await isThere(DEBIAN))) {
    const root = path.join(WORK, 'debian');
    await rm(root, { recursive: true, force: true });
    await run('debootstrap', [
      '--variant=minbase',
      SUITE,
      root,
      'http://deb.debian.org/debian',
      '/usr/share/debootstrap/scripts/sid',
    ]);
    await run('sh', ['-c', `tar -C '${root}' -c . | docker import - ${DEBIAN}`]);
    await rm(root, { recursive: true, force: true });
  }
  const context = path.join(WORK, 'base');
  await copy(path.join(STAND_INS, 'base'), context);
  await copy('/etc/ssl/certs/ca-certificates.crt', path.join(context, 'ca-certificates.crt'));
  await copy(await officialNode(), path.join(context, 'node'));
  await build(BASE, context);
};

/**
 * Sees that every image of docker-compose.yml is at hand: pulled, or made here from Debian's packages under the official
 * name. `REHEARSE_PULL=off` does not try to pull.
 *
 * @returns a line for each that was stood in for: what that leaves untested
 */
export const provideImages = async (): Promise<string[]> => {
  const stoodIn: string[] = [];
  for (const { folder, image, untested, prepare } of standIns()) {
    const label = await run('docker', [
      'image',
      'inspect',
      '-f',
      '{{index .Config.Labels "tillstream.stand-in"}}',
      image,
    ]).catch(() => undefined);
    if (label !== undefined && label.trim() === '') continue;
    if (label === undefined && process.env.REHEARSE_PULL !== 'off' && (await works('docker', ['pull', '-q', image])))
      continue;
    await makeBase();
    const context = path.join(WORK, folder);
    await rm(context, { recursive: true, force: true });
    await mkdir(context, { recursive: true });
    await copy(path.join(STAND_INS, folder), context);
    await prepare?.(context);
    await build(image, context, ['--label', 'tillstream.stand-in=yes']);
    await rm(context, { recursive: true, force: true });
    stoodIn.push(`${image} was a stand-in: untested is ${untested}`);
  }
  return stoodIn;
};

/** Builds the images of ours and tells what each adds to its base image, in MB. */
export const buildOurs = async (): Promise<{ image: string; mb: number }[]> => {
  const built = [];
  for (const target of ['server', 'dashboard']) {
    const image = `tillstream/${target}:0.1.0`;
    await build(image, '.', ['-f', 'deploy/Dockerfile', '--target', target]);
    const size = async (of: string) => Number(await run('docker', ['image', 'inspect', '-f', '{{.Size}}', of]));
    const added = (await size(image)) - (await size(imageOf('deploy/Dockerfile', /NODE_IMAGE=(\S+)/)));
    built.push({ image, mb: Math.round(added / 1e6) });
  }
  return built;
};
