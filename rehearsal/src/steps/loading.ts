import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { productsResponse } from '@tillstream/schemas/api';
import { run, WORK } from '../command.ts';
import type { Scene } from '../scene.ts';

const PURCHASES = path.join(WORK, 'load', 'purchases.csv');

/**
 * Another `up` over the files of history: what was loaded is not loaded again, a price that was set since stands, and of a file that has
 * a new row and a bad one since, only the new one is loaded. The bad one can be read when its container is gone.
 */
export const loadedOnce = async ({ stack, client, book }: Scene): Promise<string> => {
  const command = ['create', '--name', 'rehearsal catalog', '--scopes', 'admin'];
  const made = await stack.operate('node', 'pos-api/src/keys/keys-main.ts', ...command);
  const key = made
    .split('\n')
    .find((line) => /^\S{40,}$/.test(line.trim()))
    ?.trim();
  const { products } = productsResponse.parse(await client.json('/v1/products'));
  const [product] = products;
  if (product === undefined) throw new Error('there is no product');
  const price = product.unit_price_minor + 7;
  const set = await client.ask('POST', `/v1/products/${product.product_id}/prices`, {
    body: JSON.stringify({ unit_price_minor: price }),
    anonymous: true,
    headers: { Authorization: `Bearer ${key}` },
  });
  if (set.status >= 300) throw new Error(`a price was answered ${set.status}: ${set.text}`);

  const again = await upAgain(stack);
  if (!/this very file was loaded .* 0 loaded/.test(again)) throw new Error(`a second up: ${again}`);
  const now = productsResponse.parse(await client.json('/v1/products')).products;
  const shown = now.find(({ product_id }) => product_id === product.product_id)?.unit_price_minor;
  if (shown !== price) throw new Error(`${product.product_id} costs ${shown} after another up, ${price} was set`);

  const [header = '', row = ''] = readFileSync(PURCHASES, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  const column = header.split(',').indexOf('user_id');
  const late = row.split(',').with(column, '3b9f6a3e-0000-4000-8000-00000000000a').join(',');
  appendFileSync(PURCHASES, `${late}\n`);
  book.noteFile(path.dirname(PURCHASES));
  appendFileSync(PURCHASES, 'SMKT001,2026-02-30 99:99:99,,nothing that is sold,1.00\n');
  const more = await upAgain(stack);
  if (!/, 1 loaded, .* 1 rejected/.test(more)) throw new Error(`a file with two rows more: ${more}`);
  await stack.compose('rm', '-f', 'loader');
  const kept = await stack.compose(
    'run',
    '--rm',
    '-T',
    '--no-deps',
    'loader',
    'sh',
    '-c',
    'cat /var/lib/loader/rejects/*',
  );
  if (!kept.includes('nothing that is sold')) throw new Error(`the rejected row is not kept: ${kept}`);
  return 'loaded once, the price of today stands; one row more is one sale more; a rejected row outlives its container';
};

/** What the loader says at another `up`. */
const upAgain = async (stack: Scene['stack']): Promise<string> => {
  const since = new Date().toISOString();
  await stack.compose('up', '-d', '--no-recreate');
  const [loader = ''] = await stack.containers('loader');
  await run('docker', ['wait', loader]);
  return run('sh', ['-c', `docker logs --since ${since} ${loader} 2>&1`]);
};
