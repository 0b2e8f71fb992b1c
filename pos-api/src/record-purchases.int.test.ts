import { randomUUID } from 'node:crypto';
import { purchaseEvent } from '@tillstream/schemas/events';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, purchase, SETTINGS, type TestDatabase } from '../../tests/support/database.ts';
import { upsertProducts } from './catalog.ts';
import { reviseCustomers } from './loyal-threshold.ts';
import { migratePostgres } from './postgres/migrate.ts';
import { recordPurchases } from './record-purchases.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
});
afterAll(() => database.pool.end());

const one = async (input = purchase()) => {
  const [answer] = await recordPurchases(database.pool, [input]);
  if (!answer) throw new Error('no answer');
  return answer;
};
const eventsOf = async (purchaseId: string) => {
  const { rows } = await database.pool.query<{ payload: string }>(
    'select payload from outbox where key = $1 order by id',
    [purchaseId],
  );
  return rows.map(({ payload }) => purchaseEvent.parse(JSON.parse(payload)));
};
const customerRow = async (id: string) => {
  const { rows } = await database.pool.query(
    'select purchases, spent_minor::int, loyal_since, first_sold_at, last_sold_at, revision::int from customers where customer_id = $1',
    [id],
  );
  return rows[0];
};
const voidPurchase = (id: string) => database.pool.query('select status, body from void_purchase($1)', [id]);
const costing = (minor: number) => ({
  unit: 'piece',
  unit_price_minor: minor,
  discount_minor: 0,
  total_minor: minor,
  net_minor: minor,
});
const bodyOf = (answer: Awaited<ReturnType<typeof one>>) => {
  if (answer.outcome !== 'recorded' && answer.outcome !== 'replayed') throw new Error(`it was ${answer.outcome}`);
  return { id: answer.purchase_id, body: JSON.parse(answer.body) };
};

test('a purchase is stored with the prices of its products and leaves one valid event', async () => {
  const { id, body } = bodyOf(await one(purchase({ items: ['bread', 'milk', 'orange-juice'] })));
  expect(body).toEqual({
    purchase_id: id,
    receipt_number: null,
    branch_id: 'SMKT001',
    customer_id: null,
    sold_at: '2026-03-01T10:00:00.000Z',
    items: [
      { product_id: 'bread', quantity: 1, ...costing(320) },
      { product_id: 'milk', quantity: 1, ...costing(150) },
      { product_id: 'orange-juice', quantity: 1, ...costing(410) },
    ],
    discount_minor: 0,
    total_minor: 880,
    currency: 'EUR',
    customer: null,
  });
  const [event, ...others] = await eventsOf(id);
  expect(others).toEqual([]);
  expect(event?.data).toMatchObject({ version: 1, status: 'recorded', total_minor: 880, customer: null });
  expect(event?.data).toMatchObject({ gross_minor: 880, discount_minor: 0, cashier: null, receipt_number: null });
  expect(event?.data).toMatchObject({ channel: 'pos', tenders: null, items: body.items });
});

test('the same key and content is replayed to the letter, another content is a conflict', async () => {
  const input = purchase({ customer_id: randomUUID() });
  const first = await one(input);
  const again = await one(input);
  expect(again).toEqual({ ...first, outcome: 'replayed' });
  expect(await one({ ...input, fingerprint: 'cd'.repeat(32) })).toEqual({ outcome: 'conflict' });
  expect(await eventsOf(bodyOf(first).id)).toHaveLength(1);
  expect(await customerRow(input.customer_id ?? '')).toMatchObject({ purchases: 1 });
  expect(bodyOf(await one({ ...input, credential: 'another till' })).id).not.toBe(bodyOf(first).id);
});

test('a key that is known makes no customer, in its own batch or later', async () => {
  const [customer, second, third] = [randomUUID(), randomUUID(), randomUUID()];
  const input = purchase({ customer_id: customer });
  const other = (customer_id: string) => ({ ...input, customer_id, fingerprint: 'cd'.repeat(32) });
  const answers = await recordPurchases(database.pool, [input, other(second)]);
  expect(answers.map(({ outcome }) => outcome)).toEqual(['recorded', 'conflict']);
  expect(await one(other(third))).toEqual({ outcome: 'conflict' });
  expect(await Promise.all([customer, second, third].map(customerRow))).toMatchObject([
    { purchases: 1 },
    undefined,
    undefined,
  ]);
});

test('a retry is a retry, even of a product that costs more now or is no longer sold', async () => {
  const own = await makeDatabase(inject('postgresUrl'));
  try {
    const input = purchase({ items: ['milk'], expected_total_minor: 150 });
    const [first] = await recordPurchases(own.pool, [input]);
    await upsertProducts(own.pool, [{ product_id: 'milk', name: 'Milk', unit_price_minor: 160 }]);
    expect(await recordPurchases(own.pool, [input])).toEqual([{ ...first, outcome: 'replayed' }]);
    await own.pool.query("update products set active = false where product_id = 'milk'");
    expect(await recordPurchases(own.pool, [input])).toEqual([{ ...first, outcome: 'replayed' }]);
    expect(await recordPurchases(own.pool, [purchase({ items: ['milk'] })])).toMatchObject([{ outcome: 'refused' }]);
  } finally {
    await own.pool.end();
  }
});

test('a key that stands twice in one batch is recorded once', async () => {
  const input = purchase();
  const answers = await recordPurchases(database.pool, [input, input, { ...input, fingerprint: '00' }]);
  expect(answers.map(({ outcome }) => outcome)).toEqual(['recorded', 'replayed', 'conflict']);
});

test('one key sent at once over many connections is recorded once', async () => {
  const input = purchase({ customer_id: randomUUID() });
  const answers = await Promise.all(Array.from({ length: 20 }, () => one(input)));
  expect(answers.filter(({ outcome }) => outcome === 'recorded')).toHaveLength(1);
  expect(answers.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(19);
  expect(await customerRow(input.customer_id ?? '')).toMatchObject({ purchases: 1, spent_minor: 470 });
});

test('every fault of a purchase is named with its place, and its neighbours are recorded', async () => {
  const answers = await recordPurchases(database.pool, [
    purchase(),
    purchase({ branch_id: 'NOWHERE', items: ['milk', 'caviar', 'milk'], sold_at: '1999-12-31T23:59:59Z' }),
    purchase({ items: ['milk'], expected_total_minor: 151 }),
    purchase({ sold_at: new Date(Date.now() + 600_000).toISOString() }),
    purchase({ items: [] }),
  ]);
  expect(answers.map(({ outcome }) => outcome)).toEqual(['recorded', 'refused', 'refused', 'refused', 'refused']);
  const pointers = answers.map((answer) => (answer.outcome === 'refused' ? answer.faults.map((f) => f.pointer) : []));
  expect(pointers).toEqual([
    [],
    ['#/branch_id', '#/items/1/product_id', '#/items/2/product_id', '#/sold_at'],
    ['#/total_minor'],
    ['#/sold_at'],
    ['#/items'],
  ]);
});

test('CHAIN_SINCE begins at midnight of the shop', async () => {
  const own = await makeDatabase(inject('postgresUrl'));
  try {
    await migratePostgres(own.url, { ...SETTINGS, CHAIN_SINCE: '2026-01-01', SHOP_TIMEZONE: 'Pacific/Auckland' });
    const answers = await recordPurchases(own.pool, [
      purchase({ sold_at: '2025-12-31T10:59:59.999Z' }),
      purchase({ sold_at: '2025-12-31T11:00:00.000Z' }),
    ]);
    expect(answers).toMatchObject([
      {
        outcome: 'refused',
        faults: [{ detail: 'sold_at is before 2025-12-31T11:00:00.000Z, when the chain began (CHAIN_SINCE)' }],
      },
      { outcome: 'recorded' },
    ]);
  } finally {
    await own.pool.end();
  }
});

test('the third purchase makes a customer loyal, at the moment it was sold', async () => {
  const customer_id = randomUUID();
  const buy = async (sold_at: string) => bodyOf(await one(purchase({ customer_id, sold_at }))).body.customer;
  expect(await buy('2026-03-05T10:00:00.000Z')).toEqual({ purchases: 1, loyal: false });
  expect(await buy('2026-03-06T10:00:00.000Z')).toEqual({ purchases: 2, loyal: false });
  expect(await buy('2026-03-07T10:00:00.000Z')).toEqual({ purchases: 3, loyal: true });
  expect((await customerRow(customer_id)).loyal_since).toEqual(new Date('2026-03-07T10:00:00.000Z'));
  // A sale that comes in late moves the third purchase.
  await buy('2026-03-01T10:00:00.000Z');
  expect((await customerRow(customer_id)).loyal_since).toEqual(new Date('2026-03-06T10:00:00.000Z'));
});

test('a void takes the purchase out of the customer, once, and tells with version 2', async () => {
  const customer_id = randomUUID();
  const ids: string[] = [];
  for (const day of ['01', '02', '03']) {
    ids.push(bodyOf(await one(purchase({ customer_id, sold_at: `2026-03-${day}T10:00:00.000Z` }))).id);
  }
  const [, , third = ''] = ids;
  const first = await voidPurchase(third);
  const again = await voidPurchase(third);
  expect(again.rows).toEqual(first.rows);
  expect(first.rows[0]?.status).toBe('voided');
  expect(await customerRow(customer_id)).toMatchObject({
    purchases: 2,
    loyal_since: null,
    last_sold_at: new Date('2026-03-02T10:00:00.000Z'),
    revision: 4,
  });
  const events = await eventsOf(third);
  expect(events.map(({ type, data }) => [type, data.version])).toEqual([
    ['pos.purchase.recorded.v1', 1],
    ['pos.purchase.voided.v1', 2],
  ]);
  expect(events[1]?.data.customer).toMatchObject({ purchases: 2, branch: { purchases: 2 } });
});

test('branches and customers that purchases may name are neither removed nor given another id', async () => {
  const customer_id = randomUUID();
  await one(purchase({ customer_id }));
  for (const attempt of [
    "delete from branches where branch_id = 'SMKT001'",
    "update branches set branch_id = 'ELSEWHERE' where branch_id = 'SMKT001'",
    `delete from customers where customer_id = '${customer_id}'`,
    'truncate customers cascade',
  ]) {
    await expect(database.pool.query(attempt)).rejects.toThrow(/is never removed or given another id/);
  }
});

test('a new loyal threshold moves every customer and sends them again', async () => {
  const own = await makeDatabase(inject('postgresUrl'));
  try {
    const customer_id = randomUUID();
    await recordPurchases(own.pool, [
      purchase({ customer_id, sold_at: '2026-03-01T10:00:00Z' }),
      purchase({ customer_id, sold_at: '2026-03-02T10:00:00Z', branch_id: 'SMKT002' }),
    ]);
    await own.pool.query('delete from outbox');
    await migratePostgres(own.url, { ...SETTINGS, LOYAL_THRESHOLD: 2 });
    await reviseCustomers(own.pool);
    const { rows } = await own.pool.query<{ payload: string }>('select payload from outbox');
    const events = rows.map(({ payload }) => purchaseEvent.parse(JSON.parse(payload)).data);
    expect(events.map((event) => event.branch_id).sort()).toEqual(['SMKT001', 'SMKT002']);
    for (const { customer } of events) {
      expect(customer).toMatchObject({
        loyal_since: '2026-03-02T10:00:00.000Z',
        revision: 2,
        branch: { loyal_since: null },
      });
    }
  } finally {
    await own.pool.end();
  }
});

test('whatever is bought, sent again and voided in batches of any cut, customers equal their purchases', async () => {
  const customers = Array.from({ length: 4 }, () => randomUUID());
  const sale = fc.record({
    customer: fc.integer({ min: 0, max: 3 }),
    branch: fc.constantFrom('SMKT001', 'SMKT002'),
    day: fc.integer({ min: 1, max: 28 }),
    items: fc.subarray(['milk', 'bread', 'eggs', 'orange-juice'], { minLength: 1 }),
    again: fc.boolean(),
    voided: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(sale, { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 9 }),
      async (sales, cut) => {
        const inputs = sales.flatMap(({ customer, branch, day, items, again }) => {
          const input = purchase({
            customer_id: customers[customer] ?? null,
            branch_id: branch,
            sold_at: `2026-02-${String(day).padStart(2, '0')}T12:00:00.000Z`,
            items,
          });
          return again ? [input, input] : [input];
        });
        const batches = Array.from({ length: Math.ceil(inputs.length / cut) }, (_, n) =>
          inputs.slice(n * cut, (n + 1) * cut),
        );
        const answers = (await Promise.all(batches.map((batch) => recordPurchases(database.pool, batch)))).flat();
        const ids = [...new Set(answers.map((answer) => bodyOf(answer).id))];
        expect(ids).toHaveLength(sales.length);
        await Promise.all(ids.filter((_, n) => sales[n]?.voided).map(voidPurchase));
        const { rows } = await database.pool.query(
          `select count(*)::int as wrong from (
           select customer_id, null as branch_id, purchases, spent_minor, loyal_since, first_sold_at, last_sold_at from customers
           union all
           select customer_id, branch_id, purchases, spent_minor, loyal_since, first_sold_at, last_sold_at from customer_branches
         ) kept
         cross join lateral (
           select count(*) as purchases, coalesce(sum(total_minor), 0) as spent_minor, min(sold_at) as first, max(sold_at) as last,
             (array_agg(sold_at order by sold_at))[3] as third
           from purchases p where p.customer_id = kept.customer_id and voided_at is null
             and (kept.branch_id is null or p.branch_id = kept.branch_id)
         ) counted
         where (kept.purchases, kept.spent_minor, kept.loyal_since, kept.first_sold_at, kept.last_sold_at)
           is distinct from (counted.purchases, counted.spent_minor, counted.third, counted.first, counted.last)`,
        );
        expect(rows[0]?.wrong).toBe(0);
      },
    ),
    { numRuns: 25 },
  );
});
