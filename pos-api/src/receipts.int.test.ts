import { randomUUID } from 'node:crypto';
import { purchaseEvent } from '@tillstream/schemas/events';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, purchase, SETTINGS, type TestDatabase } from '../../tests/support/database.ts';
import { addProducts } from './catalog.ts';
import { migratePostgres } from './postgres/migrate.ts';
import { type PurchaseInput, recordPurchases } from './record-purchases.ts';

/** One shop with the brief's rule, one with 3 of a product at most, one without a limit. */
const shops = new Map<number, TestDatabase>();
beforeAll(async () => {
  for (const limit of [1, 3, 0]) {
    const database = await makeDatabase(inject('postgresUrl'));
    await migratePostgres(database.url, { ...SETTINGS, MAX_QUANTITY_PER_PRODUCT: limit });
    await addProducts(database.pool, [
      { product_id: 'apples', name: 'Apples', unit_price_minor: 299, unit: 'kg', category: 'Fruit' },
      { product_id: 'gift', name: 'Gift card', unit_price_minor: 1000, open_price: true, sku: '4006381333931' },
    ]);
    shops.set(limit, database);
  }
});
afterAll(() => Promise.all([...shops.values()].map(({ pool }) => pool.end())));

const sell = async (limit: number, input: Partial<PurchaseInput>) => {
  const { pool } = shops.get(limit) as TestDatabase;
  const [answer] = await recordPurchases(pool, [purchase(input)]);
  if (answer === undefined || answer.outcome === 'conflict') throw new Error('no answer');
  if (answer.outcome === 'refused') return { faults: answer.faults.map(({ pointer }) => pointer), said: answer.faults };
  const { rows } = await pool.query<{ payload: string }>('select payload from outbox where key = $1', [
    answer.purchase_id,
  ]);
  const { data } = purchaseEvent.parse(JSON.parse(rows[0]?.payload ?? ''));
  return { body: JSON.parse(answer.body), data };
};

test('a receipt with weights, discounts and tenders: each line, its share of the discount, and the sums', async () => {
  const input: Partial<PurchaseInput> = {
    items: ['apples', 'milk', 'milk', 'gift'],
    quantities: ['0.735', '4', null, null],
    unit_prices_minor: [null, null, null, 2500],
    discounts_minor: [null, 50, null, null],
    discount_minor: 70,
    cashier: 'Ana',
    receipt_number: 'SMKT001-000042',
    channel: 'web',
    tenders: [
      { type: 'card', amount_minor: 3000 },
      { type: 'cash', amount_minor: 350 },
    ],
  };
  const { body, data } = await sell(0, input);
  expect(body).toMatchObject({ receipt_number: 'SMKT001-000042', discount_minor: 70, total_minor: 3350 });
  expect(body.items).toEqual(
    [
      // 0.735 × 299 = 219.765
      {
        product_id: 'apples',
        quantity: 0.735,
        unit: 'kg',
        unit_price_minor: 299,
        discount_minor: 0,
        total_minor: 220,
        net_minor: 215,
      },
      { product_id: 'milk', quantity: 4, unit_price_minor: 150, discount_minor: 50, total_minor: 550, net_minor: 539 },
      { product_id: 'milk', quantity: 1, unit_price_minor: 150, discount_minor: 0, total_minor: 150, net_minor: 147 },
      {
        product_id: 'gift',
        quantity: 1,
        unit_price_minor: 2500,
        discount_minor: 0,
        total_minor: 2500,
        net_minor: 2449,
      },
    ].map((item) => ({ unit: 'piece', ...item })),
  );
  expect(data).toMatchObject({ gross_minor: 3470, discount_minor: 70, total_minor: 3350, cashier: 'Ana' });
  expect(data).toMatchObject({ receipt_number: 'SMKT001-000042', channel: 'web', tenders: input.tenders });
  expect(data?.items).toEqual(body.items);
});

test('a retry is told the stored receipt to the letter', async () => {
  const { pool } = shops.get(0) as TestDatabase;
  const input = purchase({ items: ['apples', 'milk'], quantities: ['1.250', '2'], discount_minor: 3, cashier: 'Ana' });
  const [first] = await recordPurchases(pool, [input]);
  expect(await recordPurchases(pool, [input])).toEqual([{ ...first, outcome: 'replayed' }]);
});

const MILK = { items: ['milk'] };
test.each<[string, Partial<PurchaseInput>]>([
  ['with nothing besides', { items: ['apples', 'milk'] }],
  ['with quantities', { items: ['apples', 'milk'], quantities: ['2', '3'] }],
  ['with a discount of the receipt', { items: ['apples', 'milk'], quantities: ['2', '3'], discount_minor: 10 }],
])('whole kilograms %s are kilograms: in the event, in the answer, and for who asks again', async (_what, input) => {
  const sale = purchase(input);
  const { body, data } = await sell(0, sale);
  expect(body.items.map(({ unit }: { unit: string }) => unit)).toEqual(['kg', 'piece']);
  expect(data?.items).toEqual(body.items);
  expect((await sell(0, sale)).body).toEqual(body);
});

test.each<[string, number, Partial<PurchaseInput>, string[]]>([
  ['one of each is what the brief allows', 1, { items: ['milk', 'apples'], quantities: ['1', '12.5'] }, []],
  ['two of a product', 1, { ...MILK, quantities: ['2'] }, ['#/items/0/quantity']],
  ['a product on two lines', 1, { items: ['milk', 'milk'] }, ['#/items/1/product_id']],
  ['a weighed product on two lines', 1, { items: ['apples', 'apples'] }, ['#/items/1/product_id']],
  ['three at most: 1 + 2', 3, { items: ['milk', 'bread', 'milk'], quantities: ['1', '3', '2'] }, []],
  ['three at most: 2 + 2', 3, { items: ['milk', 'milk'], quantities: ['2', '2'] }, ['#/items/1/quantity']],
  ['three at most: three weighings', 3, { items: Array(3).fill('apples'), quantities: ['9', '9.1', '9'] }, []],
  ['three at most: four weighings', 3, { items: Array(4).fill('apples') }, ['#/items/3/product_id']],
  ['no limit', 0, { items: Array(4).fill('milk'), quantities: ['1', '99', '1', '10000'] }, []],
  ['half a milk', 0, { ...MILK, quantities: ['0.5'] }, ['#/items/0/quantity']],
  ['whole, written as a decimal', 0, { ...MILK, quantities: ['2.000'] }, []],
  ['a price of its own', 0, { ...MILK, unit_prices_minor: [140] }, ['#/items/0/unit_price_minor']],
  ['the price that it has', 0, { ...MILK, unit_prices_minor: [150] }, []],
  ['an open price, also 0', 0, { items: ['gift'], unit_prices_minor: [0] }, []],
  ['a line discount above the line', 0, { ...MILK, discounts_minor: [151] }, ['#/items/0/discount_minor']],
  ['a discount above the lines', 0, { ...MILK, discount_minor: 151 }, ['#/discount_minor']],
  ['everything for nothing', 0, { ...MILK, discount_minor: 150, tenders: [] }, ['#/tenders']],
  ['tenders that fall short', 0, { ...MILK, tenders: [{ type: 'cash', amount_minor: 100 }] }, ['#/tenders']],
  [
    'all faults at once',
    1,
    {
      items: ['milk', 'caviar', 'bread'],
      quantities: ['1.5', '1', '2'],
      unit_prices_minor: [1, null, null],
      branch_id: 'X',
    },
    ['#/branch_id', '#/items/0/quantity', '#/items/0/unit_price_minor', '#/items/1/product_id', '#/items/2/quantity'],
  ],
])('%s (at most %i): its faults', async (_what, limit, input, faults) => {
  expect((await sell(limit, input)).faults ?? []).toEqual(faults);
});

/** Any receipt of the shop without a limit, as a till may send it. */
const line = fc.oneof(
  fc.record({ product: fc.constantFrom('milk', 'bread', 'eggs'), quantity: fc.integer({ min: 1, max: 50 }) }),
  fc.record({
    product: fc.constant('apples'),
    quantity: fc.integer({ min: 1, max: 9_999 }).map((grams) => grams / 1000),
  }),
  fc.record({
    product: fc.constant('gift'),
    quantity: fc.constant(1),
    price: fc.integer({ min: 0, max: 1_000_000_000 }),
  }),
);
const PRICES: Record<string, number> = { milk: 150, bread: 320, eggs: 299, apples: 299 };
/** Rounded half up, in whole numbers: a quantity has three decimals. */
const grossOf = ({ quantity, price }: { quantity: number; price: number }) =>
  Number((BigInt(Math.round(quantity * 1000)) * BigInt(price) * 2n + 1000n) / 2000n);

test('any receipt: lines, shares of the discount and sums add up, and a plain one costs the same however it is written', async () => {
  const { pool } = shops.get(0) as TestDatabase;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          lines: fc.array(fc.record({ of: line, off: fc.double({ min: 0, max: 1, noNaN: true }) }), {
            minLength: 1,
            maxLength: 12,
          }),
          off: fc.double({ min: 0, max: 1, noNaN: true }),
          hasDiscounts: fc.boolean(),
        }),
        { minLength: 1, maxLength: 20 },
      ),
      async (receipts) => {
        const batch = receipts.map(({ lines, off, hasDiscounts }) => {
          const items = lines.map(({ of, off: lineOff }) => {
            const price = 'price' in of ? of.price : (PRICES[of.product] ?? 0);
            const gross = grossOf({ quantity: of.quantity, price });
            return { ...of, price, gross, discount: hasDiscounts ? Math.floor(gross * lineOff) : 0 };
          });
          const sum = items.reduce((total, { gross, discount }) => total + gross - discount, 0);
          const discount = hasDiscounts ? Math.floor(sum * off) : 0;
          return { items, discount, total: sum - discount };
        });
        const answers = await recordPurchases(
          pool,
          batch.map(({ items, discount, total }) =>
            purchase({
              customer_id: randomUUID(),
              items: items.map(({ product }) => product),
              quantities: items.map(({ quantity }) => String(quantity)),
              unit_prices_minor: items.map(({ product, price }) => (product === 'gift' ? price : null)),
              discounts_minor: items.map((item) => item.discount),
              ...(discount > 0 && { discount_minor: discount }),
              expected_total_minor: total,
            }),
          ),
        );
        answers.forEach((answer, index) => {
          const { items, discount, total } = batch[index] as (typeof batch)[number];
          expect(answer).toMatchObject({ outcome: 'recorded' });
          const stored = 'body' in answer ? JSON.parse(answer.body) : {};
          expect(stored).toMatchObject({ total_minor: total, discount_minor: discount });
          let net = 0;
          for (const [at, item] of items.entries()) {
            const line = stored.items[at];
            expect(line).toMatchObject({ total_minor: item.gross - item.discount, quantity: item.quantity });
            expect(line.net_minor).toBeGreaterThanOrEqual(0);
            expect(line.net_minor).toBeLessThanOrEqual(line.total_minor);
            net += line.net_minor;
          }
          expect(net).toBe(total);
        });
        // The short way for plain receipts says what the long one does.
        const plain = { items: ['milk', 'bread'] };
        const [short, long] = await recordPurchases(pool, [
          purchase(plain),
          purchase({
            ...plain,
            quantities: ['1', '1'],
            unit_prices_minor: [150, 320],
            discounts_minor: [0, 0],
            discount_minor: 0,
          }),
        ]);
        const { purchase_id: _, ...said } = JSON.parse(short && 'body' in short ? short.body : '');
        expect(JSON.parse(long && 'body' in long ? long.body : '')).toMatchObject(said);
      },
    ),
    { numRuns: 25 },
  );
  const { rows } = await pool.query(`
    select count(*)::int as wrong from purchases p where
      (p.gross_minor, p.total_minor, p.discount_minor) <> (
        select sum(total_minor + i.discount_minor)::bigint, sum(net_minor)::bigint, sum(total_minor - net_minor)::bigint from purchase_items i
        where i.purchase_id = p.purchase_id)`);
  expect(rows).toEqual([{ wrong: 0 }]);
});
