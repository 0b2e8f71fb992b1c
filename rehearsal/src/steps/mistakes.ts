import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fails, ROOT, run, WORK } from '../command.ts';
import type { Scene } from '../scene.ts';

/** What an operator may get wrong in `.env`, and the line that tells him. */
const SETTINGS: [Record<string, string>, RegExp][] = [
  [{ SHOP_TIMEZONE: 'Mars/Olympus' }, /SHOP_TIMEZONE="Mars\/Olympus": must be an IANA time zone/],
  [{ CURRENCY: 'euro' }, /CURRENCY="euro": must be an ISO 4217 code/],
  [{ BUSINESS_DAY_START: '4 am' }, /BUSINESS_DAY_START="4 am": must be HH:MM/],
  // There are purchases in EUR.
  [{ CURRENCY: 'USD' }, /EUR/],
];

/** Tries bad settings, bad passwords and bad certificates: each is refused with a line that says which it was. */
export const brokenSettings = async (scene: Scene): Promise<string> => {
  const { stack } = scene;
  for (const [env, wanted] of SETTINGS) {
    const said = await stack.composeFails(env, 'run', '--rm', '-T', '--no-deps', 'migrate');
    if (!wanted.test(said)) throw new Error(`${JSON.stringify(env)} was answered: ${said}`);
  }
  const own = await brokenFiles();
  await demoBesideData(scene);
  const before = await stack.containers('pos-api');
  await stack.compose('up', '-d');
  const after = await stack.containers('pos-api');
  if (before.join() !== after.join()) throw new Error('a second `up` made the containers anew');
  return `${SETTINGS.length} settings and ${own} files in deploy/own refused, each by a line that names it; a second \`up\` changes nothing`;
};

/** A demo beside the chain's own data is refused, or not loaded; the figures are looked at afterwards. */
const demoBesideData = async ({ stack }: Scene): Promise<void> => {
  const loader = ['run', '--rm', '-T', '--no-deps', 'loader'];
  const refused = await stack.composeFails({ DEMO: 'on' }, ...loader);
  if (!/DEMO=on and files to load exclude each other/.test(refused)) throw new Error(`DEMO=on: ${refused}`);
  const nothing = path.join(WORK, 'nothing-to-load');
  await mkdir(nothing, { recursive: true });
  const said = await stack.composeWith({ env: { DEMO: 'on', LOAD_FOLDER: nothing } }, ...loader);
  if (!/there are purchases already/.test(said)) throw new Error(`DEMO=on without files: ${said}`);
};

const CERTIFICATE = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=shop.example';

/** Files in deploy/own, made by commands of openssl, and the line that tells what is wrong with them. */
const FILES: { files: Record<string, string>; openssl?: string[]; wanted: RegExp }[] = [
  { files: { 'postgres-relay.password': 'short' }, wanted: /own\/postgres-relay\.password is shorter than 16/ },
  {
    files: { 'clickhouse-admin.password': 'a blank in the middle' },
    wanted: /clickhouse-admin\.password may hold letters/,
  },
  { files: { 'relay.password': 'x'.repeat(20) }, wanted: /own\/relay\.password is no password that Tillstream has/ },
  { files: { 'tls.crt': 'no certificate', 'tls.key': 'no key' }, wanted: /own\/tls\.crt is no certificate/ },
  {
    files: {},
    openssl: [`${CERTIFICATE} -nodes -keyout tls.key -out tls.crt`, 'ecparam -genkey -name prime256v1 -out tls.key'],
    wanted: /own\/tls\.key does not belong to own\/tls\.crt/,
  },
  {
    files: {},
    openssl: [`${CERTIFICATE} -passout pass:secret -keyout tls.key -out tls.crt`],
    wanted: /own\/tls\.key is no private key in PEM without a passphrase/,
  },
  {
    files: {},
    openssl: [
      `${CERTIFICATE} -nodes -not_before 20200101000000Z -not_after 20210101000000Z -keyout tls.key -out tls.crt`,
    ],
    wanted: /own\/tls\.crt has expired/,
  },
  { files: {}, openssl: [`${CERTIFICATE} -nodes -keyout other.key -out tls.crt`], wanted: /it takes both/ },
];

const brokenFiles = async (): Promise<number> => {
  const generate = path.join(ROOT, 'deploy', 'secrets', 'generate.sh');
  const own = path.join(WORK, 'own');
  const container = ['run', '--rm', '--network', 'none', '-u', '0', '-v', `${generate}:/generate.sh:ro`];
  for (const { files, openssl = [], wanted } of FILES) {
    await rm(own, { recursive: true, force: true });
    await mkdir(own, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(own, name), text);
    for (const line of openssl) {
      const command = [
        '--entrypoint',
        'openssl',
        '-w',
        '/own',
        '-v',
        `${own}:/own`,
        'nginx:1.30.6',
        ...line.split(' '),
      ];
      await run('docker', [...container, ...command]);
    }
    const mounts = ['-v', `${own}:/own:ro`, '--tmpfs', '/secrets', '-e', 'PUBLIC_HOST=localhost'];
    const said = await fails('docker', [
      ...container,
      ...mounts,
      '--entrypoint',
      '/bin/sh',
      'nginx:1.30.6',
      '/generate.sh',
    ]);
    if (!wanted.test(said)) throw new Error(`${Object.keys(files).join()} ${openssl.join('; ')} was answered: ${said}`);
  }
  return FILES.length;
};
