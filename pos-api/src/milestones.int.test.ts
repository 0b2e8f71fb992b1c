import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { posEvent } from '@tillstream/schemas/events';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { makeDatabase, purchase, SETTINGS, type TestDatabase } from '../../tests/support/database.ts';
import { reviseCustomers } from './loyal-threshold.ts';
import { migratePostgres } from './postgres/migrate.ts';
import { recordPurchases } from './record-purchases.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
});
afterAll(() => database.pool.end());

/** Customers, in the chain or a branch, whose loyal moment is not the one of the present threshold. */
const wrongly = async (pool: TestDatabase['pool']): Promise<number> => {
  const { rows } = await pool.query(
    `select count(*)::int as wrong from chain_settings shop, (
       select customer_id, null as branch_id, loyal_since from customers
       union all select customer_id, branch_id, loyal_since from customer_branches) as kept
     where kept.loyal_since is distinct from loyal_since(customer_id, branch_id, shop.loyal_threshold)`,
  );
  return z.object({ wrong: z.number() }).parse(rows[0]).wrong;
};

const slotOf = (moment: string) => Math.floor(Date.parse(moment) / 900_000);

/** A reader's rows: for each place of a milestone the highest revision wins, so order and repeats do not matter. */
class Milestones {
  readonly #rows = new Map<string, { revision: number; moment: string | null }>();

  apply(scope: string, milestone: string, before: string | null, now: string | null, revision: number): void {
    if (now !== null) this.#put(`${scope} ${milestone}`, slotOf(now), revision, now);
    if (before !== null && (now === null || slotOf(before) !== slotOf(now)))
      this.#put(`${scope} ${milestone}`, slotOf(before), revision, null);
  }

  #put(place: string, slot: number, revision: number, moment: string | null): void {
    const key = `${place} ${slot}`;
    if ((this.#rows.get(key)?.revision ?? -1) <= revision) this.#rows.set(key, { revision, moment });
  }

  /** `scope milestone moment` of each that stands, sorted. */
  standing(): string[] {
    return [...this.#rows]
      .flatMap(([key, { moment }]) => (moment === null ? [] : [key.replace(/ \d+$/, ` ${moment}`)]))
      .sort();
  }
}

const kept = z.object({ scope: z.string(), first_sold_at: z.date().nullable(), loyal_since: z.date().nullable() });

/** The same of what Postgres holds of some customers, in the chain and in each branch. */
const inPostgres = async (customers: readonly string[]): Promise<string[]> => {
  const { rows } = await database.pool.query(
    `select concat(customer_id, ' ') as scope, first_sold_at, loyal_since from customers where customer_id = any ($1)
     union all select concat(customer_id, ' ', branch_id), first_sold_at, loyal_since from customer_branches where customer_id = any ($1)`,
    [customers],
  );
  return rows
    .map((row) => kept.parse(row))
    .flatMap(({ scope, first_sold_at, loyal_since }) => [
      ...(first_sold_at === null ? [] : [`${scope} first ${first_sold_at.toISOString()}`]),
      ...(loyal_since === null ? [] : [`${scope} loyal ${loyal_since.toISOString()}`]),
    ])
    .sort();
};

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('sell' as const),
      // Several in one transaction share a revision of their customer.
      sales: fc.array(
        fc.record({
          customer: fc.integer({ min: 0, max: 2 }),
          branch: fc.constantFrom('SMKT001', 'SMKT002'),
          // Neighbours within a quarter of an hour are as likely as ones that are days apart.
          minute: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40_000 })),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('void' as const), index: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('threshold' as const), threshold: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('revise' as const), many: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('send again' as const), above: fc.integer({ min: 0, max: 40 }) }),
  },
);

test('events in any order and any number leave each milestone where Postgres has it, once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      async (steps, random) => {
        await database.pool.query("select apply_settings('EUR', 3, '2000-01-01', 1)");
        await database.pool.query('truncate outbox');
        const customers: string[] = [randomUUID(), randomUUID(), randomUUID()];
        const ids: string[] = [];
        for (const one of steps) {
          if (one.what === 'sell') {
            const batch = one.sales.map(({ customer, branch, minute }) =>
              purchase({
                customer_id: customers[customer] ?? null,
                branch_id: branch,
                sold_at: new Date(Date.UTC(2026, 1, 1, 12) + minute * 60_000).toISOString(),
                items: ['milk'],
              }),
            );
            for (const answer of await recordPurchases(database.pool, batch)) {
              if (answer.outcome !== 'recorded') throw new Error(`it was ${answer.outcome}`);
              ids.push(answer.purchase_id);
            }
          } else if (one.what === 'void') {
            await database.pool.query('select void_purchase($1)', [ids[one.index % Math.max(1, ids.length)] ?? null]);
          } else if (one.what === 'threshold') {
            await migratePostgres(database.url, { ...SETTINGS, LOYAL_THRESHOLD: one.threshold });
          } else if (one.what === 'revise') {
            await database.pool.query('select revise_customers($1)', [one.many]);
          } else {
            await database.pool.query('select from reemit_customers($1::uuid[], $2::text[], $3::bigint[])', [
              [customers[0], customers[1]],
              [null, 'SMKT001'],
              [one.above, one.above],
            ]);
          }
        }

        await reviseCustomers(database.pool);
        expect(await wrongly(database.pool)).toBe(0);
        const { rows } = await database.pool.query<{ payload: string }>('select payload from outbox');
        const events = rows.map(({ payload }) => posEvent.parse(JSON.parse(payload)));
        const order = [...events, ...events.filter(() => (random.next().value ?? 0) < 0.3)]
          .map((event) => ({ event, at: random.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at);
        const milestones = new Milestones();
        for (const { event } of order) {
          if (!('customer' in event.data) || event.data.customer === null) continue;
          const { customer, branch_id } = event.data;
          if (!customers.includes(customer.customer_id)) continue;
          for (const [scope, totals] of [
            [`${customer.customer_id} `, customer],
            [`${customer.customer_id} ${branch_id}`, customer.branch],
          ] as const) {
            milestones.apply(scope, 'first', totals.first_sold_before, totals.first_sold_at, totals.revision);
            milestones.apply(scope, 'loyal', totals.loyal_before, totals.loyal_since, totals.revision);
          }
        }
        expect(milestones.standing()).toEqual(await inPostgres(customers));
      },
    ),
    { numRuns: 25 },
  );
});

test('while customers follow a new threshold sales and voids go on, and none is left behind', async () => {
  const customers = Array.from({ length: 12 }, () => randomUUID());
  const sell = async (batch = 4) => {
    const answers = await recordPurchases(
      database.pool,
      Array.from({ length: batch }, () =>
        purchase({
          customer_id: customers[Math.floor(Math.random() * customers.length)] ?? null,
          branch_id: Math.random() < 0.5 ? 'SMKT001' : 'SMKT002',
          sold_at: new Date(Date.UTC(2026, 3, 1) + Math.random() * 1e9).toISOString(),
        }),
      ),
    );
    const [first] = answers;
    if (first?.outcome === 'recorded' && Math.random() < 0.3)
      await database.pool.query('select void_purchase($1)', [first.purchase_id]);
  };
  let selling = true;
  const tills = Array.from({ length: 3 }, async () => {
    while (selling) await sell();
  });
  for (const threshold of [2, 5, 3, 1, 4, 2, 3]) {
    await migratePostgres(database.url, { ...SETTINGS, LOYAL_THRESHOLD: threshold });
    // Two at once, in pieces so small that sales come in between.
    const revise = async () => {
      for (let n = 0; n < 40; n++) await database.pool.query('select revise_customers(3)');
    };
    await Promise.all([revise(), revise()]);
  }
  selling = false;
  await Promise.all(tills);
  await reviseCustomers(database.pool);
  expect(await wrongly(database.pool)).toBe(0);
});

test('a new threshold waits for the sales that count by the old one', async () => {
  const own = await makeDatabase(inject('postgresUrl'));
  const selling = await own.pool.connect();
  try {
    const customer_id = randomUUID();
    await selling.query('begin');
    await recordPurchases(selling, [purchase({ customer_id }), purchase({ customer_id })]);
    const change = migratePostgres(own.url, { ...SETTINGS, LOYAL_THRESHOLD: 2 }).then(() => reviseCustomers(own.pool));
    await Promise.race([change, delay(1_500)]);
    await selling.query('commit');
    await change;
    expect(await wrongly(own.pool)).toBe(0);
  } finally {
    selling.release();
    await own.pool.end();
  }
});

test('a piece of customers is all that is locked, and a piece that was not committed is done again', async () => {
  const [first, second] = [randomUUID(), randomUUID()];
  const own = await makeDatabase(inject('postgresUrl'));
  const dying = await own.pool.connect();
  try {
    for (const customer_id of [first, second, first, second])
      await recordPurchases(own.pool, [purchase({ customer_id, sold_at: new Date().toISOString() })]);
    await migratePostgres(own.url, { ...SETTINGS, LOYAL_THRESHOLD: 2 });
    await dying.query('begin');
    await dying.query('select revise_customers(1)');
    // The other customer buys meanwhile; the one of the open piece would wait.
    expect(await recordPurchases(own.pool, [purchase({ customer_id: second })])).toMatchObject([
      { outcome: 'recorded' },
    ]);
    await dying.query('rollback');
    await reviseCustomers(own.pool);
    expect(await wrongly(own.pool)).toBe(0);
  } finally {
    dying.release(true);
    await own.pool.end();
  }
});
