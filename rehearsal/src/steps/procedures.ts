import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { productsResponse } from '@tillstream/schemas/api';
import { kpis } from '@tillstream/schemas/read-api';
import { ROOT, run, WORK } from '../command.ts';
import { OURS, requireAll, type Scene, seconds, told } from '../scene.ts';

/** What an operator does to a running stack, as docs/operations.md tells it. */
const SALES_PER_SECOND = 20;

/** ClickHouse reads the topic again from its beginning. */
export const readAgain = async ({ stack, tills }: Scene): Promise<string> => {
  const began = performance.now();
  let said = '';
  const takings = await tills.sellDuring(SALES_PER_SECOND, async () => {
    said = (await stack.operate('node', 'reconciler/src/replay/main.ts')).trim();
  });
  requireAll(takings);
  return `${said} ${seconds(began)} s; ${told(takings)}`;
};

/** A layer made anew from the one below. */
export const rebuild = async ({ stack, tills }: Scene, layer: 'silver' | 'gold'): Promise<string> => {
  const began = performance.now();
  const takings = await tills.sellDuring(SALES_PER_SECOND, async () => {
    await stack.operate('node', 'clickhouse/src/schema/rebuild-main.ts', layer);
  });
  requireAll(takings);
  return `${seconds(began)} s; ${told(takings)}`;
};

/** Another tag of our images, rolled out by deploy/upgrade.sh. */
export const upgrade = async ({ stack, tills }: Scene): Promise<string> => {
  const tag = '0.1.0-rehearsed-upgrade';
  for (const image of ['server', 'dashboard']) {
    await run('docker', ['tag', `tillstream/${image}:0.1.0`, `tillstream/${image}:${tag}`]);
  }
  stack.set({ TILLSTREAM_VERSION: tag });
  const began = performance.now();
  const takings = await tills.sellDuring(SALES_PER_SECOND, async () => {
    await run('sh', [path.join(ROOT, 'deploy', 'upgrade.sh')], { env: { ...stack.env } });
  });
  requireAll(takings);
  for (const service of OURS) {
    for (const container of await stack.containers(service)) {
      const image = (await run('docker', ['inspect', '-f', '{{.Config.Image}}', container])).trim();
      if (!image.endsWith(tag)) throw new Error(`${service} still runs ${image}`);
    }
  }
  return `${seconds(began)} s; ${told(takings)}`;
};

/**
 * pg_dump of the running stack, then a stack without any volume: the dump goes into its Postgres, and ClickHouse, which
 * knows nothing, is filled by sending everything again.
 */
export const dumpAndRestore = async (
  { stack, tills }: Scene,
  empty: () => Promise<unknown>,
  up: () => Promise<unknown>,
): Promise<string> => {
  const file = path.join(WORK, 'books.dump');
  const dump = () =>
    stack.composeWith(
      { outputFile: file },
      ...['exec', '-T', 'postgres', 'pg_dump', '-U', 'tillstream', '-Fc', 'tillstream'],
    );
  const takings = await tills.sellDuring(SALES_PER_SECOND, async () => {
    await dump();
    await delay(500);
  });
  requireAll(takings);
  // Once more with every sale in it, to hold the figures against.
  let began = performance.now();
  await dump();
  const dumped = seconds(began);
  await empty();
  began = performance.now();
  await stack.compose('up', '-d', 'postgres');
  const [postgres = ''] = await stack.containers('postgres');
  await stack.untilHealthy(postgres);
  await stack.composeWith(
    { input: { file } },
    ...['exec', '-T', 'postgres', 'pg_restore', '-U', 'tillstream', '-d', 'tillstream'],
    ...['--no-owner', '--no-privileges', '--exit-on-error'],
  );
  await up();
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const said = await stack.operate('node', 'reconciler/src/reemit/main.ts', '--from', '2000-01-01', '--to', tomorrow);
  return `dumped in ${dumped} s (${told(takings)}), restored in ${seconds(began)} s. ${said.trim()}`;
};

/**
 * Postgres alone goes back to an earlier moment. ClickHouse then knows sales that the books no longer have: it says so and keeps them
 * until a person adopts the books.
 */
export const restoreEarlier = async ({ stack, tills, client, book }: Scene): Promise<string> => {
  const file = path.join(WORK, 'books-of-before.dump');
  await stack.composeWith(
    { outputFile: file },
    ...['exec', '-T', 'postgres', 'pg_dump', '-U', 'tillstream', '-Fc', 'tillstream'],
  );
  const then = book.size;
  requireAll(await tills.sellDuring(SALES_PER_SECOND, () => delay(4_000)));
  const later = book.size - then;
  const began = performance.now();
  await stack.compose('stop', 'pos-api', 'relay', 'reconciler', 'loader');
  await stack.composeWith(
    { input: { file } },
    ...['exec', '-T', 'postgres', 'pg_restore', '-U', 'tillstream', '-d', 'tillstream'],
    ...['--clean', '--if-exists', '--no-owner', '--exit-on-error'],
  );
  await stack.compose('up', '-d', '--no-recreate');
  await until(async () => {
    const { text } = await client.ask('GET', '/api/health');
    if (!text.includes('healing has stopped')) throw new Error(`nobody noticed the restore: ${text}`);
  });
  const saved = path.join(WORK, 'saved');
  await rm(saved, { recursive: true, force: true });
  await mkdir(saved);
  await chmod(saved, 0o777);
  const adopt = [
    'run',
    '--rm',
    '-T',
    '--no-deps',
    '-v',
    `${saved}:/out`,
    'migrate',
    'node',
    'reconciler/src/adopt/main.ts',
  ];
  const said = await stack.compose(...adopt, '--apply', '--save', '/out/after-the-backup.ndjson');
  const kept = (await readFile(path.join(saved, 'after-the-backup.ndjson'), 'utf8')).split('\n').filter(Boolean);
  if (kept.length < later) throw new Error(`${later} purchases were taken away, ${kept.length} were saved`);
  book.backTo(then);
  await until(async () => {
    const { text } = await client.ask('GET', '/api/health');
    if (text.includes('healing has stopped')) throw new Error(`healing does not go on: ${text}`);
  });
  return `${later} later sales taken away and saved in ${seconds(began)} s. ${said.trim().split('\n').at(-1)}`;
};

const until = async (check: () => Promise<void>): Promise<void> => {
  for (let left = 120; ; left--) {
    try {
      return await check();
    } catch (error) {
      if (left === 0) throw error;
      await delay(500);
    }
  }
};

/** Throws when the best-selling products are shown without their names. */
export const namesAreShown = async ({ client }: Scene): Promise<undefined> => {
  const { products } = productsResponse.parse(await client.json('/v1/products'));
  const names = new Map(products.map(({ product_id, name }) => [product_id, name]));
  for (const { product_id, product } of kpis.parse(await client.json('/api/kpis')).top_products) {
    if (names.get(product_id) !== product) throw new Error(`${product_id} is shown as "${product}"`);
  }
  return undefined;
};
