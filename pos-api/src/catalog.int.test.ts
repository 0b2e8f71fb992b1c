import { catalogEvent } from '@tillstream/schemas/events';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { makeDatabase, purchase, type TestDatabase } from '../../tests/support/database.ts';
import { eventually } from '../../tests/support/eventually.ts';
import {
  addBranches,
  addProduct,
  addProducts,
  applyDuePrices,
  changeProduct,
  findProduct,
  listBranches,
  listProducts,
  setPrice,
  upsertProducts,
} from './catalog.ts';
import { recordPurchases } from './record-purchases.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await makeDatabase(inject('postgresUrl'));
  await database.pool.query('delete from outbox');
});
afterEach(() => database.pool.end());

/** What milk is charged in a purchase sold at a moment, or what is wrong with it. */
const charged = async (sold_at: string | null, items = ['milk']) => {
  const [answer] = await recordPurchases(database.pool, [purchase({ items, sold_at })]);
  if (answer?.outcome === 'recorded') return JSON.parse(answer.body).total_minor;
  return answer?.outcome === 'refused' ? answer.faults.map(({ detail }) => detail) : answer?.outcome;
};
const events = async () => {
  const { rows } = await database.pool.query<{ payload: string }>('select payload from outbox order by id');
  return rows.map(({ payload }) => catalogEvent.parse(JSON.parse(payload)));
};
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

test('a sale is charged what the product cost when it was sold', async () => {
  await setPrice(database.pool, 'milk', 170, '2026-04-01T00:00:00Z', { request_id: 'r1' });
  await setPrice(database.pool, 'milk', 160, '2026-02-01T00:00:00Z', { request_id: 'r2' });
  await setPrice(database.pool, 'milk', 199, inSeconds(3600), { request_id: 'r3' });
  expect(await charged('2026-01-31T23:59:59.999Z')).toBe(150);
  expect(await charged('2026-02-01T00:00:00Z')).toBe(160);
  expect(await charged('2026-03-31T23:59:59.999Z')).toBe(160);
  expect(await charged('2026-04-01T00:00:00Z')).toBe(170);
  expect(await charged(null)).toBe(170);
  expect((await listProducts(database.pool)).find(({ product_id }) => product_id === 'milk')?.unit_price_minor).toBe(
    170,
  );
  expect((await findProduct(database.pool, 'milk'))?.prices.map((price) => price.unit_price_minor)).toEqual([
    150, 160, 170, 199,
  ]);
  // Only the first of the three changed what milk costs now.
  const sent = await database.pool.query<{ payload: string }>("select payload from outbox where key = 'milk'");
  expect(sent.rows.map(({ payload }) => catalogEvent.parse(JSON.parse(payload)))).toMatchObject([
    { requestid: 'r1', data: { product_id: 'milk', unit_price_minor: 170, revision: 2 } },
  ]);
});

test('a planned price becomes the present one at its moment, told once by whoever looks first', async () => {
  await setPrice(database.pool, 'milk', 200, inSeconds(0.3), { request_id: 'r1' });
  expect(await events()).toEqual([]);
  expect(await charged(null)).toBe(150);
  await database.pool.query('delete from outbox');
  await eventually(async () => {
    await Promise.all([1, 2, 3].map(() => applyDuePrices(database.pool)));
    expect(await events()).toHaveLength(1);
  });
  await applyDuePrices(database.pool);
  expect(await events()).toMatchObject([{ data: { unit_price_minor: 200, revision: 2 } }]);
  expect(await charged(null)).toBe(200);
});

test('a price list sets what products cost from now on; what sales were charged, what is planned or retired stays', async () => {
  await setPrice(database.pool, 'milk', 170, '2026-02-01T00:00:00Z', { request_id: 'r1' });
  await setPrice(database.pool, 'milk', 190, inSeconds(3600), { request_id: 'r2' });
  await changeProduct(database.pool, 'eggs', { active: false }, { request_id: 'r3' });
  await database.pool.query('delete from outbox');
  const file = [
    { product_id: 'milk', name: 'Whole Milk', unit_price_minor: 180 },
    { product_id: 'oats', name: 'Oats', unit_price_minor: 99 },
    { product_id: 'eggs', name: 'Eggs', unit_price_minor: 299 },
  ];
  expect(await upsertProducts(database.pool, file)).toEqual({ changed: 2 });
  expect((await events()).map(({ data }) => data)).toMatchObject([
    { product_id: 'oats', unit_price_minor: 99 },
    { product_id: 'milk', name: 'Whole Milk', unit_price_minor: 180 },
  ]);
  expect(await upsertProducts(database.pool, file)).toEqual({ changed: 0 });
  expect(await events()).toHaveLength(2);
  expect(await charged('2020-01-01T00:00:00Z')).toBe(150);
  expect(await charged('2026-03-01T00:00:00Z')).toBe(170);
  expect(await charged(null)).toBe(180);
  expect(await charged('2020-01-01T00:00:00Z', ['oats'])).toBe(99);
  expect(await charged(null, ['eggs'])).toEqual(['eggs is no longer sold']);
  expect((await findProduct(database.pool, 'milk'))?.prices.map((price) => price.unit_price_minor)).toEqual([
    150, 170, 180, 190,
  ]);
});

test('what comes with history is added where it is new and changes nothing that is there', async () => {
  await setPrice(database.pool, 'milk', 170, null, { request_id: 'r1' });
  await changeProduct(database.pool, 'milk', { active: false, name: 'Whole Milk' }, { request_id: 'r2' });
  await database.pool.query('delete from outbox');
  const products = [
    { product_id: 'milk', name: 'Milk', unit_price_minor: 120 },
    { product_id: 'oats', name: 'Oats', unit_price_minor: 99 },
  ];
  const branches = [
    { branch_id: 'SMKT001', name: 'Another', country: 'PT' },
    { branch_id: 'SMKT009', name: 'Ninth', country: 'PT' },
  ];
  expect([await addProducts(database.pool, products), await addBranches(database.pool, branches)]).toEqual([
    { changed: 1 },
    { changed: 1 },
  ]);
  expect((await events()).map(({ subject }) => subject)).toEqual(['oats', 'SMKT009']);
  expect((await findProduct(database.pool, 'milk'))?.prices.map((price) => price.unit_price_minor)).toEqual([150, 170]);
  expect(await listProducts(database.pool)).toContainEqual(
    expect.objectContaining({ product_id: 'milk', name: 'Whole Milk', unit_price_minor: 170, active: false }),
  );
  expect((await listBranches(database.pool)).map(({ name }) => name)).toEqual(['First', 'Second', 'Ninth']);
  expect([await addProducts(database.pool, products), await addBranches(database.pool, branches)]).toEqual([
    { changed: 0 },
    { changed: 0 },
  ]);
});

test('a retired product is charged for sales from before, and refused after', async () => {
  expect(await changeProduct(database.pool, 'milk', { active: false }, { request_id: 'r1' })).toBe(true);
  expect(await changeProduct(database.pool, 'milk', { active: false }, { request_id: 'r2' })).toBe(true);
  expect(await events()).toMatchObject([{ requestid: 'r1', data: { active: false, revision: 2 } }]);
  expect(await charged('2026-03-01T10:00:00Z')).toBe(150);
  expect(await charged(null)).toEqual(['milk is no longer sold']);
  await changeProduct(database.pool, 'milk', { active: true, name: 'Whole Milk' }, { request_id: 'r3' });
  expect(await charged(null)).toBe(150);
  expect(await changeProduct(database.pool, 'caviar', { active: true }, { request_id: 'r4' })).toBe(false);
});

test('a price that is set "now" is valid at once and told at once', async () => {
  for (let n = 1; n <= 60; n++) {
    await setPrice(database.pool, 'milk', 1000 + n, null, { request_id: `now ${n}` });
    const { rows } = await database.pool.query(
      'select unit_price_minor::int as price from products where product_id = $1',
      ['milk'],
    );
    expect(rows).toEqual([{ price: 1000 + n }]);
  }
  expect((await events()).map(({ requestid }) => requestid)).toEqual(
    Array.from({ length: 60 }, (_, n) => `now ${n + 1}`),
  );
});

test('a product and a branch can be added, once', async () => {
  const oats = { product_id: 'oats', name: 'Oats', unit_price_minor: 99 };
  expect(await addProduct(database.pool, oats, { request_id: 'r1' })).toBe(true);
  expect(await addProduct(database.pool, oats, { request_id: 'r2' })).toBe(false);
  expect(await charged('2010-01-01T00:00:00Z', ['oats'])).toBe(99);
  await addBranches(database.pool, [{ branch_id: 'SMKT009', name: 'Ninth', country: 'PT' }], { request_id: 'r3' });
  const { rows } = await database.pool.query<{ payload: string }>("select payload from outbox where key = 'SMKT009'");
  expect(JSON.parse(rows[0]?.payload ?? '')).toMatchObject({ requestid: 'r3', data: { name: 'Ninth' } });
});

test('the price of a moment is refused when a till adds it up otherwise', async () => {
  await setPrice(database.pool, 'milk', 170, '2026-02-01T00:00:00Z', { request_id: 'r1' });
  const sale = purchase({ items: ['milk'], sold_at: '2026-01-01T00:00:00Z' });
  const wrong = await recordPurchases(database.pool, [{ ...sale, expected_total_minor: 170 }]);
  expect(wrong).toMatchObject([{ outcome: 'refused', faults: [{ detail: 'the prices add up to 150, not to 170' }] }]);
  expect(await recordPurchases(database.pool, [{ ...sale, expected_total_minor: 150 }])).toMatchObject([
    { outcome: 'recorded' },
  ]);
});
