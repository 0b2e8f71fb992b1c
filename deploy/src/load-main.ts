/**
 * One-shot of docker-compose.yml: loads the files of the folder that LOAD_FOLDER names, where there are some. What was
 * loaded before is recognised, so it runs at every start.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { locationSettings, settingsOrExit } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { required } from './settings.ts';

const settings = settingsOrExit({
  POSTGRES_URL: locationSettings.POSTGRES_URL,
  LOAD_FOLDER: z.string().default('/load'),
  /** `on`: a demo shop with thirteen months of receipts, for whoever only wants to see it. Never beside data of one's own. */
  DEMO: z.enum(['on', 'off']).default('off'),
  TILLSTREAM_DATA: z.string().default('/rejects'),
});

const loader = (file: string) => fileURLToPath(new URL(`../../loader/${file}`, import.meta.url));

/** Runs a part of the loader with this process's output; its failure is ours. */
const run = async (entry: string, args: string[]): Promise<void> => {
  const child = spawn(process.execPath, [loader(entry), ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  if (code !== 0) process.exit(typeof code === 'number' ? code : 1);
};

/** The demo's purchases end at the moment it is made, so that made again it would be others. */
const hasPurchases = async (): Promise<boolean> => {
  const db = connectPostgres(required('POSTGRES_URL', settings.POSTGRES_URL), 'loader', 1);
  try {
    const { rows } = await db.query('select exists (select from purchases) as some');
    return z.object({ some: z.boolean() }).parse(rows[0]).some;
  } finally {
    await db.end();
  }
};

const within = (folder: string) => (name: string) => path.join(folder, name);
const given = within(settings.LOAD_FOLDER);
const filesAreThere = ['products_list.csv', 'purchases.csv'].every((name) => existsSync(given(name)));

if (filesAreThere && settings.DEMO === 'on') {
  console.error('loader: DEMO=on and files to load exclude each other: demo purchases would stand among yours');
  process.exit(1);
}
if (!filesAreThere && settings.DEMO === 'off') {
  console.log('loader: no products_list.csv and purchases.csv in the folder to load, so nothing is loaded');
} else if (!filesAreThere && (await hasPurchases())) {
  console.log('loader: there are purchases already, so that no demo is loaded');
} else {
  const demo = within(path.join(settings.TILLSTREAM_DATA, 'demo'));
  if (!filesAreThere) await run('generate/main.ts', ['--demo', '--out', demo('')]);
  const file = filesAreThere ? given : demo;
  const branches = existsSync(file('branches.csv')) ? ['--branches', file('branches.csv')] : [];
  await run('src/main.ts', [
    '--products',
    file('products_list.csv'),
    ...(filesAreThere ? ['--purchases', file('purchases.csv')] : ['--receipts', file('receipts.csv')]),
    ...branches,
  ]);
}
