import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectClickHouse } from '@tillstream/clickhouse/client';
import pg from 'pg';
import { z } from 'zod';
import type { Bring, LoadedFiles } from './options.ts';
import { type Addresses, environment } from './parts.ts';
import { nodeCommand } from './processes/command.ts';
import type { StateFolder } from './state.ts';

const loaderEntry = (file: string) => fileURLToPath(new URL(`../../loader/${file}`, import.meta.url));

/** A step that failed and has said why on the terminal. */
export class StepFailed extends Error {}

/**
 * Brings data into the running stack with the loader, and notes in the state folder what it now holds. What was
 * loaded before is recognised and not loaded again, so an interrupted start goes on where it stopped.
 *
 * @throws {@link StepFailed} when the loader failed
 */
export const bringData = async (bring: Bring, state: StateFolder, addresses: Addresses): Promise<void> => {
  if (bring.kind === 'nothing') return;
  const data = bring.kind === 'demo' ? 'demo' : 'own';
  const files: LoadedFiles = bring.kind === 'files' ? bring : demoFiles(state, bring.kind === 'demo');
  // Made again later it would be another history under the same receipt numbers: a start that was interrupted goes on with the file.
  if (
    bring.kind === 'catalog' ||
    (bring.kind === 'demo' && !existsSync(path.join(state.inside('demo'), 'receipts.csv')))
  ) {
    const size = bring.kind === 'catalog' ? ['--days', '0'] : [];
    await run('generate/main.ts', ['--demo', '--out', state.inside('demo'), ...size], addresses, 'ignore');
  }
  const { products, purchases, receipts, map, branches } = files;
  const args = Object.entries({ products, purchases, receipts, map, branches }).flatMap(([name, file]) =>
    file === undefined ? [] : [`--${name}`, file],
  );
  // Noted before the first row, so that what an interrupted load left is never taken for an empty folder.
  const before = state.read();
  if (before === undefined) state.write({ data, loaded: false });
  await run('src/main.ts', [...args, '--rejects', state.inside('rejects')], addresses);
  state.write({ data, loaded: true });
};

/** Whether Postgres holds purchases already, e.g. one that POSTGRES_URL names. */
export const holdsPurchases = async (postgresUrl: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    const { rows } = await client.query('select exists (select from purchases) as some');
    return z.object({ some: z.boolean() }).parse(rows[0]).some;
  } finally {
    await client.end();
  }
};

/**
 * Waits until every purchase of Postgres is in the figures.
 *
 * @returns their number, or undefined when they were not all there in time (ms)
 */
export const untilVisible = async (addresses: Addresses, timeoutMs: number): Promise<number | undefined> => {
  const client = new pg.Client({ connectionString: addresses.postgresUrl });
  const clickhouse = connectClickHouse(addresses.clickhouseUrl, 'start');
  await client.connect();
  try {
    const { rows } = await client.query('select count(*)::int as recorded from purchases where voided_at is null');
    const { recorded } = z.object({ recorded: z.number() }).parse(rows[0]);
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      const { visible } = await clickhouse.row({
        name: 'start-visible',
        sql: 'SELECT count() AS visible FROM gold.purchases',
        row: z.object({ visible: z.number() }),
      });
      if (visible >= recorded && (await isFolded(addresses))) return visible;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return undefined;
  } finally {
    await Promise.all([client.end(), clickhouse.close()]);
  }
};

/**
 * Whether the products of the demo add up to the chain's revenue: the sums of years follow those of days. True where the figures are
 * not for everybody, or there are more products than one answer holds.
 */
const isFolded = async ({ dashboardPort }: Addresses): Promise<boolean> => {
  const read = (question: string) => fetch(`http://127.0.0.1:${dashboardPort}/api/${question}`);
  const [all, each] = await Promise.all([read('kpis'), read('top_products?limit=100')]);
  if (!all.ok || !each.ok) return true;
  const { revenue_minor } = z.object({ revenue_minor: z.number() }).parse(await all.json());
  const { products } = z
    .object({ products: z.array(z.object({ revenue_minor: z.number() })) })
    .parse(await each.json());
  return products.length >= 100 || products.reduce((sum, product) => sum + product.revenue_minor, 0) === revenue_minor;
};

const demoFiles = (state: StateFolder, withHistory: boolean): LoadedFiles => ({
  products: path.join(state.inside('demo'), 'products_list.csv'),
  ...(withHistory && { receipts: path.join(state.inside('demo'), 'receipts.csv') }),
  branches: path.join(state.inside('demo'), 'branches.csv'),
});

const run = async (
  file: string,
  args: string[],
  addresses: Addresses,
  output: 'inherit' | 'ignore' = 'inherit',
): Promise<void> => {
  const { file: program, args: all, env } = nodeCommand(loaderEntry(file), args, environment(addresses));
  const child = spawn(program, all, { stdio: ['inherit', output, 'inherit'], env: { ...process.env, ...env } });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new StepFailed();
};
