import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultCustomers, generateFiles } from './files.ts';
import { type GenerateOptions, purchaseRows } from './purchases.ts';
import { seeded } from './random.ts';
import { BRANCHES, busyness, customerId, PRODUCTS } from './shop.ts';

const OPTIONS: GenerateOptions = {
  purchases: 20_000,
  seed: 1,
  days: 31,
  until: Date.UTC(2026, 10, 20),
  customers: defaultCustomers(20_000),
  decimals: 2,
};
const ROW = /^(SMKT00[123]),(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d),([0-9a-f-]{36})?,"([^"]+)",(\d+\.\d\d)\n$/;
const parse = (row: string) => {
  const [, branch = '', time = '', customer, items = '', total = ''] = ROW.exec(row) ?? [];
  return { branch, time, at: Date.parse(`${time}Z`), customer, items: items.split(','), total };
};
const hashOf = (options: GenerateOptions) => {
  const hash = createHash('sha256');
  for (const row of purchaseRows(options)) hash.update(row);
  return hash.digest('hex');
};

test('the same seed gives the same rows, another seed others', () => {
  expect(hashOf(OPTIONS)).toBe(hashOf({ ...OPTIONS }));
  expect(hashOf(OPTIONS)).not.toBe(hashOf({ ...OPTIONS, seed: 2 }));
});

test('the files of a seed never change their bytes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'generate-'));
  const files = await generateFiles(folder, { ...OPTIONS, purchases: 3 });
  expect(await readFile(files.products, 'utf8')).toMatch(/^product_name,unit_price\nMilk,1\.50\nBread,2\.20\n/);
  expect(await readFile(files.branches, 'utf8')).toMatch(/^branch_id,name,country\nSMKT001,Berlin Mitte,Germany\n/);
  expect(await readFile(files.purchases, 'utf8')).toMatchInlineSnapshot(`
    "supermarket_id,timestamp,user_id,items_list,total_amount
    SMKT001,2026-10-24T16:43:54,66eed461-68c7-485f-a425-2b0f039c042b,"Bananas,Butter",4.40
    SMKT002,2026-11-04T15:20:55,9ce76725-d21c-457a-a910-5480f4535f0f,"Bananas,Milk",3.30
    SMKT001,2026-11-14T14:41:19,14e4e402-9a71-41ed-a309-b8978c42be14,"Milk,Bread",3.70
    "
  `);
  await rm(folder, { recursive: true });
});

test.each([
  [0, /^Milk,150$/m, /,\d+\n$/],
  [3, /^Milk,0\.150$/m, /,\d+\.\d{3}\n$/],
])('with %i decimals', async (decimals, price, total) => {
  const folder = await mkdtemp(join(tmpdir(), 'generate-'));
  const files = await generateFiles(folder, { ...OPTIONS, purchases: 3, decimals });
  expect(await readFile(files.products, 'utf8')).toMatch(price);
  expect(await readFile(files.purchases, 'utf8')).toMatch(total);
  await rm(folder, { recursive: true });
});

test('rows keep the rules of the shop', () => {
  const prices = new Map(PRODUCTS.map(({ name, unit_price_minor }) => [name, unit_price_minor]));
  const rows = [...purchaseRows(OPTIONS)].map(parse);
  expect(rows.length).toBe(OPTIONS.purchases);
  let last = 0;
  for (const row of rows) {
    const { at, items, total } = row;
    const when = new Date(at);
    const sum = items.reduce((all, name) => all + (prices.get(name) ?? Number.NaN), 0);
    const broken = [
      ['goes back in time', at >= last],
      ['is made while the shop is closed', busyness(when.getUTCDay(), when.getUTCHours()) > 0],
      ['has a product twice', new Set(items).size === items.length],
      ['does not add up', Math.round(Number(total) * 100) === sum],
    ].find(([, holds]) => !holds);
    if (broken) throw new Error(`${JSON.stringify(row)} ${broken[0]}`);
    last = at;
  }
  expect(last).toBeLessThan(OPTIONS.until);
  expect(rows[0]?.at).toBeGreaterThanOrEqual(OPTIONS.until - OPTIONS.days * 86_400_000);
  expect(new Set(rows.map(({ branch }) => branch)).size).toBe(BRANCHES.length);

  const anonymous = rows.filter(({ customer }) => customer === undefined).length / rows.length;
  expect(anonymous).toBeGreaterThan(0.12);
  expect(anonymous).toBeLessThan(0.18);

  const visits = new Map<string, number>();
  for (const { customer } of rows) if (customer) visits.set(customer, (visits.get(customer) ?? 0) + 1);
  const counts = [...visits.values()];
  expect(visits.size).toBeLessThanOrEqual(OPTIONS.customers);
  // Regulars and people who came once.
  expect(counts.filter((count) => count >= 10).length).toBeGreaterThan(visits.size / 50);
  expect(counts.filter((count) => count === 1).length).toBeGreaterThan(visits.size / 10);
});

test('any period: as many rows as asked for, inside it, no two the same', () => {
  fc.assert(
    fc.property(
      fc.record({
        purchases: fc.nat(300),
        seed: fc.nat(),
        days: fc.integer({ min: 1, max: 3 }),
        until: fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2026, 0, 1) }),
        customers: fc.integer({ min: 1, max: 5 }),
        decimals: fc.constant(2),
      }),
      (options) => {
        const rows = [...purchaseRows(options)];
        expect(rows.length).toBe(options.purchases);
        expect(new Set(rows).size).toBe(rows.length);
        const times = rows.map((row) => parse(row).at);
        expect(times.filter((at) => !(at < options.until && at >= options.until - options.days * 86_400_000))).toEqual(
          [],
        );
      },
    ),
    { numRuns: 50 },
  );
});

test('more sales than seconds: still no two the same', () => {
  // A day has 86,400.
  const rows = [...purchaseRows({ ...OPTIONS, purchases: 100_000, days: 1, customers: 1 })];
  expect(new Set(rows).size).toBe(100_000);
});

test('customers have different ids of version 4, the same for the same seed', () => {
  const ids = Array.from({ length: 200_000 }, (_, number) => customerId(7, number));
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids.slice(0, 1000))
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(customerId(7, 5)).toBe(ids[5]);
  expect(customerId(8, 5)).not.toBe(ids[5]);
});

test('numbers are spread evenly', () => {
  const random = seeded(1);
  const buckets = new Array<number>(10).fill(0);
  for (let n = 0; n < 100_000; n++) {
    const bucket = random.below(10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});
