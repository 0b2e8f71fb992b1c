import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connectClickHouse } from '@tillstream/clickhouse/client';
import { kpis as kpisSchema } from '@tillstream/schemas/read-api';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../support/eventually.ts';
import { newPlace, type Place, removePlace, type Stack, startStack } from '../support/stack.ts';
import { type Sale, Till } from './till.ts';

const PARTS = ['pos-api', 'relay', 'kafka', 'clickhouse', 'postgres'];
const ROUNDS = 4;
/** Who is not current again by then never will be; how long it took is printed. Restarts are part of it. */
const CURRENT_WITHIN_MS = 60_000;

let place: Place;
let stack: Stack;

beforeAll(async () => {
  place = await newPlace();
  stack = await startStack(place, ['--empty']);
});
afterAll(async () => {
  await stack?.stop();
  if (!process.env.KEEP) removePlace(place);
  else console.log(place.folder);
});

const kill = (names: string[]): void => {
  const running = JSON.parse(readFileSync(`${place.folder}/processes.json`, 'utf8')) as { name: string; pid: number }[];
  for (const { name, pid } of running) if (names.includes(name)) process.kill(pid, 'SIGKILL');
};

const purchasesShown = async (): Promise<number> => {
  const response = await fetch(`${stack.dashboard}/api/kpis`, { signal: AbortSignal.timeout(1_000) });
  return kpisSchema.parse(await response.json()).purchases;
};

/** Milliseconds from now until figures contain everything that had been sold at this moment. */
const untilCurrent = async (sold: () => number): Promise<number> => {
  const began = performance.now();
  const target = sold() + 1;
  await eventually(async () => expect(await purchasesShown()).toBeGreaterThanOrEqual(target), CURRENT_WITHIN_MS);
  return performance.now() - began;
};

const order = (round: number) => [...PARTS].sort(() => Math.sin(round * 97 + PARTS.length) - Math.random());

test('whatever is killed and when, each sale answered 201 is there exactly once, and no other', async () => {
  const customers = Array.from({ length: 40 }, () => randomUUID());
  const tills = ['SMKT001', 'SMKT002', 'SMKT003', 'SMKT001'].map((branch) => new Till(stack.posApi, branch, customers));
  const running = Promise.all(tills.map((till) => till.run(120)));
  const sales = (): Sale[] => tills.flatMap((till) => till.sales);
  const standing = () => sales().filter(({ voided }) => !voided).length;
  await eventually(async () => expect(await purchasesShown()).toBeGreaterThan(5));

  const kills: string[] = [];
  const blow = async (names: string[]) => {
    await delay(Math.random() * 1_500);
    kill(names);
    // Voids take purchases away again, so "all that stood at the kill, and one more" is what current means.
    const ms = await untilCurrent(standing);
    kills.push(`${names.join(' + ').padEnd(48)} current again after ${(ms / 1000).toFixed(1)} s`);
  };
  for (let round = 0; round < ROUNDS; round++) for (const name of order(round)) await blow([name]);
  await blow(['kafka', 'clickhouse']);
  await blow(['pos-api', 'relay']);
  await blow(PARTS);

  for (const till of tills) till.stop();
  await running;
  const sold = sales();
  const retries = tills.reduce((sum, till) => sum + till.retries, 0);
  console.log(`${kills.length} kills, ${sold.length} sales, ${retries} retries\n${kills.join('\n')}`);
  expect(kills.length).toBeGreaterThanOrEqual(20);

  await inPostgresOnce(
    sold,
    tills.flatMap((till) => till.refusedKeys),
  );
  await eventually(() => inEveryFigureOnce(sold), 60_000);
}, 600_000);

const inPostgresOnce = async (sold: Sale[], refusedKeys: string[]): Promise<void> => {
  const client = new pg.Client({ connectionString: stack.postgres });
  await client.connect();
  try {
    const { rows } = await client.query('select purchase_id, voided_at is not null as voided from purchases');
    const stored = rows.map(({ purchase_id, voided }) => `${purchase_id} ${voided}`).sort();
    expect(stored).toEqual(sold.map(({ purchase_id, voided }) => `${purchase_id} ${voided}`).sort());
    const refused = await client.query('select from purchases where idempotency_key = any($1)', [refusedKeys]);
    expect(refused.rowCount).toBe(0);
  } finally {
    await client.end();
  }
};

const inEveryFigureOnce = async (sold: Sale[]): Promise<void> => {
  const standing = sold.filter(({ voided }) => !voided);
  const clickhouse = connectClickHouse(stack.clickhouseAdmin, 'test');
  const rows = await clickhouse.rows({
    name: 'faults-purchases',
    sql: 'SELECT toString(purchase_id) AS purchase_id FROM gold.purchases ORDER BY purchase_id',
    row: z.object({ purchase_id: z.string() }),
  });
  await clickhouse.close();
  expect(rows.map(({ purchase_id }) => purchase_id).sort()).toEqual(
    standing.map(({ purchase_id }) => purchase_id).sort(),
  );

  const byCustomer = new Map<string, number>();
  for (const { customer_id } of standing)
    if (customer_id) byCustomer.set(customer_id, (byCustomer.get(customer_id) ?? 0) + 1);
  const shown = kpisSchema.parse(await (await fetch(`${stack.dashboard}/api/kpis`)).json());
  expect(shown).toMatchObject({
    purchases: standing.length,
    items: standing.reduce((sum, { items }) => sum + items, 0),
    revenue_minor: standing.reduce((sum, { total_minor }) => sum + total_minor, 0),
    unique_customers: byCustomer.size,
    loyal_customers: [...byCustomer.values()].filter((count) => count >= 3).length,
  });
};
