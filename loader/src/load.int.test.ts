import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { makeDatabase, type TestDatabase } from '../../tests/support/database.ts';
import { eventually } from '../../tests/support/eventually.ts';
import { type DemoFiles, generateFiles } from '../generate/files.ts';
import { load } from './load.ts';

const ROWS = 12_000;
const MAIN = new URL('./main.ts', import.meta.url).pathname;

let folder = '';
let database: TestDatabase;
let files: DemoFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-int-'));
  database = await makeDatabase(inject('postgresUrl'));
  // Its products have other prices than the file's, which history does not change.
  await database.pool.query('delete from product_prices; delete from products');
  const until = Date.UTC(2026, 10, 20);
  files = await generateFiles(folder, { purchases: ROWS, seed: 1, days: 31, until, customers: 500, decimals: 2 });
});
afterEach(async () => {
  await database.pool.end();
  await rm(folder, { recursive: true });
});

const figures = async () => {
  const { rows } = await database.pool.query(
    'select count(*)::int as purchases, sum(total_minor)::int as total, (select count(*)::int from outbox) as events from purchases',
  );
  return z.object({ purchases: z.number(), total: z.number().nullable(), events: z.number() }).parse(rows[0]);
};
const recorded = async () => (await figures()).purchases;

/** Makes whoever records the last customer of the file wait, so that a load does not end before it is let go. */
const holdUp = async (): Promise<{ letGo: () => Promise<void> }> => {
  const customer = (await readFile(files.purchases, 'utf8')).match(/[0-9a-f-]{36}/g)?.at(-1);
  const client = await database.pool.connect();
  await client.query('begin');
  await client.query('insert into customers (customer_id) values ($1)', [customer]);
  return {
    letGo: async () => {
      await client.query('rollback');
      client.release();
    },
  };
};

const options = () => {
  return {
    ...files,
    postgresUrl: database.url,
    rejects: join(folder, 'rejects'),
    timeZone: 'Europe/Berlin',
    chainSince: '2000-01-01',
  };
};

/** The command as people run it. */
const command = (url: string, purchases = files.purchases): ChildProcess & { text: () => string } => {
  const args = [
    '--import',
    'tsx',
    MAIN,
    '--products',
    files.products,
    '--purchases',
    purchases,
    '--rejects',
    join(folder, 'rejects'),
  ];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, POSTGRES_URL: url, SHOP_TIMEZONE: 'Europe/Berlin' },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += String(data)));
  return Object.assign(child, { text: () => text });
};
const exitCode = async (child: ChildProcess) => (await once(child, 'close'))[0];

test('loads into Postgres, and again without changing anything', async () => {
  expect(await load(options())).toMatchObject({ loaded: ROWS, duplicates: 0, rejected: 0 });
  const first = await figures();
  expect(first.purchases).toBe(ROWS);
  expect(await load(options())).toMatchObject({ loaded: 0, duplicates: ROWS, loadedBefore: expect.any(Date) });
  // As another file the rows are recognised one by one.
  await appendFile(files.purchases, '\n');
  expect(await load(options())).toMatchObject({ loaded: 0, duplicates: ROWS, rejected: 0, loadedBefore: undefined });
  expect(await figures()).toEqual(first);
});

test('equal rows are as many sales, and what else a row says is kept with its purchase', async () => {
  const row = 'SMKT001;2026-07-20 10:00;;Milk;1.50;7';
  const lines = ['supermarket_id;timestamp;user_id;items_list;total_amount;till', row, row, row];
  await writeFile(files.purchases, lines.join('\n'));
  expect(await load(options())).toMatchObject({ loaded: 3, extra: ['till'] });
  await appendFile(files.purchases, '\n');
  expect(await load(options())).toMatchObject({ loaded: 0, duplicates: 3 });
  const { rows } = await database.pool.query('select columns from purchase_columns join purchases using (purchase_id)');
  expect(rows).toEqual(new Array(3).fill({ columns: { till: '7' } }));
});

test('what Postgres refuses is rejected in the words of the file; where nothing loads the command fails', async () => {
  await writeFile(
    files.purchases,
    'supermarket_id,timestamp,user_id,items_list,total_amount\nSMKT001,2026-07-20 10:00,,"Milk,Bread",9.99\n',
  );
  const refused = command(database.url);
  expect(await exitCode(refused)).toBe(1);
  expect(refused.text()).toMatch(/1 rows read, 0 loaded, 0 duplicates, 1 rejected/);
  expect(refused.text()).toMatch(/1 {2}total_amount: the prices add up to …/);
  expect(refused.text()).toMatch(/Nothing could be loaded\.\n$/);
});

test.each([
  ['SIGINT', 130],
  ['SIGKILL', null],
] as const)(
  'stopped by %s in the middle and run again, it loads each row once',
  async (signal, code) => {
    const { letGo } = await holdUp();
    const killed = command(database.url);
    await eventually(async () => expect(await recorded()).toBeGreaterThan(0), 30_000);
    killed.kill(signal);
    expect(await exitCode(killed)).toBe(code);
    await letGo();
    if (signal === 'SIGINT') expect(killed.text()).toContain('Run the same command again');
    // A batch whose client has gone may still be on its way.
    const again = command(database.url);
    expect(await exitCode(again)).toBe(0);
    expect(again.text()).toContain('12,000 rows read');
    expect(await recorded()).toBe(ROWS);
  },
  90_000,
);

test('connections that Postgres cuts off cost nothing', async () => {
  /** Of the loader's connections, those that were cut off before left out: they show until they have gone. */
  const gone: number[] = [];
  const ask = async (what: string) => {
    const { rows } = await database.pool.query<{ pid: number; answer: boolean }>(
      `select pid, ${what} as answer from pg_stat_activity
       where application_name = 'loader' and datname = current_database() and not pid = any($1)`,
      [gone],
    );
    return rows;
  };
  const { letGo } = await holdUp();
  const loading = load(options());
  for (let cut = 0; cut < 3; cut++) {
    // One of them is in the midst of a batch.
    await eventually(async () => {
      const waiting = await ask("coalesce(wait_event_type = 'Lock', false)");
      expect(waiting.map(({ answer }) => answer)).toContain(true);
    }, 30_000);
    gone.push(...(await ask('pg_terminate_backend(pid)')).map(({ pid }) => pid));
  }
  await letGo();
  const summary = await loading;
  expect(summary.loaded + summary.duplicates).toBe(ROWS);
  expect(summary.retries).toBeGreaterThanOrEqual(3);
  expect(await recorded()).toBe(ROWS);
}, 90_000);

test('no Postgres, no file: one line and exit 1', async () => {
  const away = command('postgres://a:b@127.0.0.1:9/none');
  expect(await exitCode(away)).toBe(1);
  expect(away.text().trim()).toBe(
    'Postgres at 127.0.0.1:9 cannot be used (POSTGRES_URL or POSTGRES_PORT): connect ECONNREFUSED 127.0.0.1:9',
  );
  const missing = command(database.url, join(folder, 'none.csv'));
  expect(await exitCode(missing)).toBe(1);
  expect(missing.text().trim()).toBe(`${join(folder, 'none.csv')}: there is no such file`);
});
