import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { purchaseResponse } from '@tillstream/schemas/api';
import { passwordsFile } from '@tillstream/schemas/credentials/own-passwords';
import { kpis as kpisSchema } from '@tillstream/schemas/read-api';
import pg from 'pg';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ownStack } from '../support/own-stack.ts';
import { runStart, startStack } from '../support/stack.ts';

const own = ownStack();

const kpis = async (query = '') =>
  kpisSchema.parse(await (await fetch(`${own.stack.dashboard}/api/kpis${query}`)).json());
const sell = async (customer_id: string | undefined) => {
  const items = ['milk', 'bread'].map((product_id) => ({ product_id, quantity: 1 }));
  const recorded = await own.post('/v1/purchases', { branch_id: 'SMKT001', customer_id, items });
  return purchaseResponse.parse(recorded);
};

const parts = () =>
  JSON.parse(readFileSync(`${own.place.folder}/processes.json`, 'utf8')) as { name: string; pid: number }[];

test('npm start brings the demo data into the figures', async () => {
  const figures = await kpis();
  expect(figures.purchases).toBeGreaterThan(1900);
  expect(figures.unique_customers).toBeGreaterThan(100);
  expect(figures.loyal_customers).toBeLessThanOrEqual(figures.unique_customers);
  expect(figures.top_products.length).toBeGreaterThanOrEqual(3);
});

test('a purchase at the till changes the figures on the rendered page', async () => {
  const page = await own.browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(own.stack.dashboard);
  const figure = async (name: string) =>
    Number(await page.locator(`[data-testid="${name}"]`).first().getAttribute('data-value'));
  await eventually(async () => expect(await figure('today-purchases')).not.toBeNaN());
  const before = {
    purchases: await figure('today-purchases'),
    revenue: await figure('today-revenue'),
    unique: await figure('unique-customers'),
    loyal: await figure('loyal-customers'),
  };
  const customer = randomUUID();
  const first = await sell(customer);
  await eventually(async () => {
    expect(await figure('today-purchases')).toBe(before.purchases + 1);
    expect(await figure('today-revenue')).toBe(before.revenue + first.total_minor);
    expect(await figure('unique-customers')).toBe(before.unique + 1);
    expect(await figure('loyal-customers')).toBe(before.loyal);
  });
  await sell(customer);
  const third = await sell(customer);
  await eventually(async () => expect(await figure('loyal-customers')).toBe(before.loyal + 1));
  await fetch(`${own.stack.posApi}/v1/purchases/${third.purchase_id}/void`, { method: 'POST' });
  await eventually(async () => {
    expect(await figure('loyal-customers')).toBe(before.loyal);
    expect(await figure('today-purchases')).toBe(before.purchases + 2);
  });
  // What the stream tells of the pipeline stays, whatever the page was loaded with.
  await page.getByText(/Compared with the books/).waitFor({ timeout: 60_000 });
  expect(faults).toEqual([]);
  await page.close();
});

test('a second start on the same folder says that one runs already', async () => {
  const { code, output } = await runStart(own.place, []);
  expect(code).toBe(1);
  expect(output).toMatch(/runs already/);
});

test('files are refused on a folder with demo data', async () => {
  const { code, output } = await runStart(own.place, ['--products', 'a.csv', '--purchases', 'b.csv']);
  expect(code).toBe(1);
  expect(output.trim().split('\n')).toHaveLength(1);
  expect(output).toMatch(/demo data/);
});

test('parts that are killed come back, the sales made meanwhile are counted', async () => {
  const before = await kpis();
  for (const name of ['relay', 'clickhouse']) {
    process.kill(parts().find((part) => part.name === name)?.pid ?? 0, 'SIGKILL');
  }
  await sell(undefined);
  await eventually(async () => expect((await kpis()).purchases).toBe(before.purchases + 1), 30_000);
  expect(own.stack.output()).toMatch(/relay died/);
  expect(own.stack.output()).toMatch(/clickhouse died/);
});

test('Ctrl-C stops everything within 10 s, and the next start goes on with all data', async () => {
  const before = await kpis();
  const began = performance.now();
  await own.stack.stop();
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(own.stack.output()).toMatch(/Stopped in/);
  expect(parts()).toEqual([]);
  await expect(fetch(own.stack.dashboard)).rejects.toThrow();
  // As the state folder of a version that made no passwords.
  const file = passwordsFile(own.stack.folder);
  const [old] = [own.stack.postgres, rmSync(file)];
  own.stack = await startStack(own.place, ['--no-tills']);
  expect(await kpis()).toEqual(before);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(own.stack.postgres).not.toBe(old);
});

test('the stores ask for a password that this start made, and no part runs as root', async () => {
  for (const url of ['local-only', ''].map((password) => own.stack.postgres.replace(/:[^:@]+@/, `:${password}@`))) {
    await expect(new pg.Client(url).connect()).rejects.toThrow(/password/);
  }
  const client = new pg.Client(own.stack.postgres);
  await client.connect();
  await client.end();
  const ask = (search: string) => fetch(`${own.stack.clickhouse}/?query=SELECT+1&${search}`);
  expect((await ask('user=analyst')).status).toBe(200);
  expect((await ask('user=default')).status).toBe(403);
  expect((await fetch(own.stack.clickhouse, { method: 'POST', body: 'CREATE DATABASE x' })).status).toBe(403);
  // A clone that only root reaches is run by root, and the start says so.
  if (own.stack.output().includes('All runs as root')) return;
  for (const { name, pid } of parts().filter((part) => part.name !== 'start')) {
    const [, uid] = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    expect(Number(uid), name).toBeGreaterThan(0);
  }
});

test('what a killed start left behind is gone after the next start', async () => {
  const before = await kpis();
  const left = parts();
  const parent = left.find(({ name }) => name === 'start');
  process.kill(parent?.pid ?? 0, 'SIGKILL');
  own.stack = await startStack(own.place, ['--no-tills']);
  expect(await kpis()).toEqual(before);
  const now = new Set(parts().map(({ pid }) => pid));
  for (const { pid } of left.filter((part) => !now.has(part.pid))) {
    expect(() => process.kill(pid, 0)).toThrow();
  }
});
