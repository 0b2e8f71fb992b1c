import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../tests/support/database.ts';
import { generateDemo } from '../../generate/files.ts';
import { type LoadOptions, load } from '../load.ts';

let folder = '';
let database: TestDatabase;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'receipts-int-'));
  database = await makeDatabase(inject('postgresUrl'));
});
afterEach(async () => {
  await database.pool.end();
  await rm(folder, { recursive: true });
});

const HEADER =
  'receipt_number,timestamp,branch_id,customer_id,product,quantity,unit_price,discount,category,country,segment';
const loadRows = async (rows: string[], more: Partial<LoadOptions> = {}) => {
  const receipts = join(folder, 'receipts.csv');
  await writeFile(receipts, [HEADER, ...rows].join('\n'));
  const rules = { rejects: join(folder, 'rejects'), timeZone: 'UTC', chainSince: '2000-01-01' };
  return load({ receipts, postgresUrl: database.url, ...rules, ...more });
};
const select = async (sql: string) => (await database.pool.query(sql)).rows;
const state = () =>
  select(`select (select count(*)::int from purchases) as purchases, (select count(*)::int from outbox) as events,
    (select count(*)::int from products) as products, (select count(*)::int from branches) as branches,
    (select count(*)::int from customers) as customers, (select count(*)::int from loaded_files) as files`);

const ROWS = [
  // Milk costs 1.50 today, and is no product with an open price.
  'R1,2026-07-20 10:00,SMKT001,card 7,Milk,2,1.20,0.40,,,gold',
  'R2,2026-07-20 10:05,PARIS,,Milk,1,1.10,,,FR,',
  'R1,2026-07-20 10:00,SMKT001,card 7,Comté,0.735,18.90,,Cheese,,gold',
  'R3,2026-07-20 10:06,SMKT001,,Eggs,0.5,2.99,,,,',
];

test('receipts are recorded at their own prices; a check changes nothing; loading again loads none', async () => {
  await database.pool.query('update chain_settings set max_quantity = 0');
  const before = await state();
  const expected = { rows: 4, loaded: 3, duplicates: 0, rejected: 1, recorded: 2, amountMinor: 200 + 1389 + 110 };
  const checked = await loadRows(ROWS, { check: true });
  expect(checked).toMatchObject({ ...expected, newProducts: ['Comté'], newBranches: ['PARIS'] });
  expect(checked.examples).toEqual([
    { line: 5, reason: 'quantity: eggs is sold by piece: the quantity must be a whole number', text: ROWS[3] },
  ]);
  expect(await state()).toEqual(before);

  expect(await loadRows(ROWS)).toMatchObject(expected);
  expect(
    await select(`select receipt_number, i.product_id, quantity::float, i.unit_price_minor::int, i.discount_minor::int, net_minor::int
      from purchases join purchase_items i using (purchase_id) order by receipt_number, line`),
  ).toEqual([
    {
      receipt_number: 'R1',
      product_id: 'milk',
      quantity: 2,
      unit_price_minor: 120,
      discount_minor: 40,
      net_minor: 200,
    },
    {
      receipt_number: 'R1',
      product_id: 'comté',
      quantity: 0.735,
      unit_price_minor: 1890,
      discount_minor: 0,
      net_minor: 1389,
    },
    { receipt_number: 'R2', product_id: 'milk', quantity: 1, unit_price_minor: 110, discount_minor: 0, net_minor: 110 },
  ]);
  expect(
    await select(`select product_id, category, unit, open_price, unit_price_minor::int from products where product_id in ('milk', 'comté')
      order by product_id`),
  ).toEqual([
    { product_id: 'comté', category: 'Cheese', unit: 'kg', open_price: true, unit_price_minor: 1890 },
    { product_id: 'milk', category: '', unit: 'piece', open_price: false, unit_price_minor: 150 },
  ]);
  expect(await select("select name, country from branches where branch_id = 'PARIS'")).toEqual([
    { name: 'PARIS', country: 'FR' },
  ]);

  expect(await loadRows(ROWS)).toMatchObject({ loaded: 0, duplicates: 3, rejected: 1 });
  const other = await loadRows([ROWS[1]?.replace('1.10', '1.15') ?? '']);
  expect(other).toMatchObject({ loaded: 0, rejected: 1 });
});

test('the rule of the chain holds for files as for tills', async () => {
  const row = ROWS[0] ?? '';
  const summary = await loadRows([row, row.replaceAll('R1', 'R4').replace(',2,', ',1,')]);
  expect(summary).toMatchObject({ loaded: 1, rejected: 1 });
  expect(summary.reasons).toEqual({ 'quantity: more than MAX_QUANTITY_PER_PRODUCT allows …': 1 });
});

test('the demo shop loads whole under the rule of the brief: weights, discounts, returns, cashiers, tenders and web orders', async () => {
  const options = { seed: 1, days: 20, until: Date.UTC(2026, 10, 20, 16), customers: 500, decimals: 2 };
  await generateDemo(folder, options);
  const [products, branches, receipts] = ['products_list', 'branches', 'receipts'].map((name) =>
    join(folder, `${name}.csv`),
  );
  const rules = { rejects: join(folder, 'rejects'), timeZone: 'Europe/Berlin', chainSince: '2000-01-01' };
  const summary = await load({ products, branches, receipts, postgresUrl: database.url, ...rules });
  expect(summary).toMatchObject({ rejected: 0, duplicates: 0, loaded: summary.rows });
  expect(summary.returned).toBeGreaterThan(0);
  expect(
    await select(`select count(distinct cashier) > 5 as cashiers, count(distinct tenders -> 0 ->> 'type')::int as tenders,
      count(*) filter (where channel = 'web') > 0 as web, count(*) filter (where gross_minor > total_minor) > 0 as discounts from purchases`),
  ).toEqual([{ cashiers: true, tenders: 3, web: true, discounts: true }]);
  expect(await select("select category, unit, open_price from products where product_id = 'olives'")).toEqual([
    { category: 'Deli', unit: 'kg', open_price: false },
  ]);
});
