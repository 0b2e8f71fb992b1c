import type { ClickHouse } from '@tillstream/clickhouse/client';
import { type Gold, type GoldOptions, openGold } from '@tillstream/clickhouse/gold';
import { migrateClickHouse } from '@tillstream/clickhouse/migrate';
import { readKpis } from '@tillstream/clickhouse/questions/kpis';
import { sealStale } from '@tillstream/clickhouse/seal';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../support/eventually.ts';
import { type OwnEngine, startOwnEngine } from '../support/own-engine.ts';
import * as model from './model.ts';
import { THRESHOLD, WORLD_BEGINS, WORLD_MINUTES, World } from './world.ts';

const SHOP = { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '04:00' };
/** From the world's beginning until its end: days in two months, which are too few to seal. */
const SCOPE = { from: WORLD_BEGINS - 86_400_000, to: WORLD_BEGINS + (WORLD_MINUTES + 1440) * 60_000 };

let engine: OwnEngine;
let clickhouse: ClickHouse;
let world: World;
/** What was asked of ClickHouse for the main figures, one after the other until it gave an answer that is whole. */
let asked: ('running' | 'fold' | 'spans')[] = [];

beforeAll(async () => {
  engine = await startOwnEngine('folds');
  clickhouse = {
    ...engine.clickhouse,
    rows: async (query) => {
      if (query.name !== 'kpis') return engine.clickhouse.rows(query);
      const isOfFold = query.sql.includes('gold.folded_scopes');
      asked.push(query.sql.includes('{period_running:') ? 'running' : isOfFold ? 'fold' : 'spans');
      return engine.clickhouse.rows(query);
    },
  };
  await migrateClickHouse(clickhouse, undefined, SHOP);
});
afterAll(() => engine.stop());

beforeEach(async () => {
  await clickhouse.command('SYSTEM START MERGES silver.purchases');
  for (const table of ['bronze.events', 'silver.purchases', 'silver.customers', 'silver.customer_branches'])
    await clickhouse.command(`TRUNCATE TABLE ${table}`);
  world = new World(clickhouse);
  for (let i = 0; i < 200; i++) sell((i * 7_919) % WORLD_MINUTES, i);
  await world.deliver(1, 1);
  await clickhouse.command('OPTIMIZE TABLE silver.purchases FINAL');
  await seal();
  asked = [];
});

const sell = (minute: number, customer: number) =>
  world.sell({ branch: customer % 2, minute, ms: 0, customer: customer % 40, products: [customer % 4], price: 99 });
const seal = () => sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + WORLD_MINUTES * 240_000 });
const facts = async () =>
  (
    await engine.clickhouse.row({
      name: 'facts',
      sql: 'SELECT count() AS facts FROM (SELECT purchase_id FROM silver.purchases)',
      row: z.object({ facts: z.int() }),
    })
  ).facts;

/** Asks, and gives what was asked of ClickHouse for it; the answer must be that of the plain model. */
const ask = async (gold: Gold): Promise<typeof asked> => {
  asked = [];
  const { purchases, revenue_minor, unique_customers, top_products } = await readKpis(gold, SCOPE, THRESHOLD);
  const sales = model.inScope(world.arrived(), SCOPE);
  const totals = model.totals(sales);
  expect({ purchases, revenue_minor, unique_customers }).toEqual({
    purchases: totals.purchases,
    revenue_minor: totals.revenue_minor,
    unique_customers: totals.unique_customers,
  });
  expect(top_products).toEqual(model.topProducts(sales, 3, 'units'));
  return asked;
};

/** Seals, and asks twice: from then on there is a fold. */
const folded = async (options: GoldOptions = {}) => {
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, ...options });
  expect(await ask(gold)).toEqual(['spans']);
  expect(await ask(gold)).toEqual(['spans']);
  await eventually(async () => {
    expect(await ask(gold)).toEqual(['fold']);
  }, 10_000);
  return gold;
};

test('a question that is asked again is answered from a fold', async () => {
  const gold = await folded();
  expect(await ask(gold)).toEqual(['fold']);
});

test('sales that come late to a day of a fold are added to it, before they are sealed and after', async () => {
  let stepped = 0;
  const gold = await folded({ now: () => performance.now() + stepped });
  for (const customer of [1, 77, 78]) {
    sell(700 + customer, customer);
    await world.deliver(1, 1);
    expect(await ask(gold)).toEqual(['fold']);
  }
  for (let round = 0; round < 3; round++) {
    // What is known of the seals is read anew meanwhile; the fold stays.
    stepped += 6_000;
    expect(await ask(gold)).toEqual(['fold']);
    await seal();
  }
});

test('a late sale that was recorded in the same moment as the last one of a fold breaks it', async () => {
  sell(30, 5);
  await world.deliver(1, 1);
  await seal();
  const gold = await folded();
  sell(700, 1);
  await world.deliver(1, 1);
  expect(await ask(gold)).toEqual(['fold', 'spans']);
  await eventually(async () => {
    expect(await ask(gold)).toEqual(['fold']);
  }, 20_000);
});

test('a late sale that is there twice, or void since, is added as its newest version says', async () => {
  const gold = await folded();
  await clickhouse.command('SYSTEM STOP MERGES silver.purchases');
  sell(700, 77);
  await world.deliver(1, 1);
  expect(await ask(gold)).toEqual(['fold']);
  await clickhouse.command(
    `INSERT INTO silver.purchases SELECT * FROM silver.purchases WHERE recorded_at = (SELECT max(recorded_at) FROM silver.purchases)`,
  );
  expect(await ask(gold)).toEqual(['fold']);
  world.void(200);
  await world.deliver(1, 1);
  expect(await ask(gold)).toEqual(['fold']);
  await clickhouse.command('SYSTEM START MERGES silver.purchases');
  await clickhouse.command('OPTIMIZE TABLE silver.purchases FINAL');
  expect(await ask(gold)).toEqual(['fold']);
});

test('a fold of which a fact has changed is refused, once', async () => {
  const gold = await folded();
  const before = await facts();
  world.void(17);
  await world.deliver(1, 1);
  await clickhouse.command('OPTIMIZE TABLE silver.purchases FINAL');
  // As many facts as before: only their hash tells that one of them is another.
  expect(await facts()).toBe(before);
  await seal();
  expect(await ask(gold)).toEqual(['fold', 'spans']);
  // The question is known to be asked again: its next fold is not long in coming.
  await eventually(async () => {
    expect(await ask(gold)).toEqual(['fold']);
  }, 20_000);
});

test('a fold that is gone is not missed', async () => {
  const gold = await folded();
  await clickhouse.command('TRUNCATE TABLE gold.folded_scopes');
  expect(await ask(gold)).toEqual(['fold', 'spans']);
});

test('a day that was sealed since is read beside the fold, until that is made anew', async () => {
  sell(1000, 3);
  await world.deliver(1, 1);
  let stepped = 0;
  const gold = await folded({ now: () => performance.now() + stepped });
  await seal();
  stepped += 6_000;
  // What is known of the seals is old by now: it is read behind the back of this question.
  await ask(gold);
  await eventually(async () => {
    expect(await ask(gold)).toEqual(['fold']);
  }, 10_000);
});

/** From the middle of the world's last day on all is open: enough to be worth a running fold that leaves out the last two. */
const running = async ({ held = 0 } = {}) => {
  await clickhouse.command('TRUNCATE TABLE gold.sealed_spans');
  for (let i = 0; i < 30; i++) sell(WORLD_MINUTES - 700 + i * 20, 100 + i);
  await world.deliver(1, 1, held);
  await sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + (WORLD_MINUTES - 720) * 60_000 });
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, leftOut: { facts: 2, ms: 0 } });
  await eventually(async () => {
    expect(await ask(gold)).toEqual(['running']);
  }, 30_000);
  return gold;
};

test('what was sold on an open day is folded, too, and what comes since is added', async () => {
  const gold = await running();
  for (const minute of [WORLD_MINUTES - 30, WORLD_MINUTES - 600, 700]) {
    sell(minute, 77);
    await world.deliver(1, 1);
    expect(await ask(gold)).toEqual(['running']);
  }
  // The newest two are not in it.
  world.void(231);
  await world.deliver(1, 1);
  expect(await ask(gold)).toEqual(['running']);
});

test('a void on an open day breaks the running fold, behind which stands that of the spans', async () => {
  const gold = await running();
  world.void(210);
  await world.deliver(1, 1);
  expect(await ask(gold)).toEqual(['running', 'fold']);
  expect(await ask(gold)).toEqual(['fold']);
  await eventually(async () => {
    expect(await ask(gold)).toEqual(['running']);
  }, 30_000);
});

test('a sale that was on its way while a running fold was made breaks it', async () => {
  const gold = await running({ held: 1 });
  await world.deliver(1, 1);
  expect(await ask(gold)).toEqual(['running', 'fold']);
});

test('a running fold of whose facts one is there twice is refused', async () => {
  const gold = await running();
  await clickhouse.command('SYSTEM STOP MERGES silver.purchases');
  await clickhouse.command(
    `INSERT INTO silver.purchases SELECT * FROM silver.purchases WHERE purchase_id = '00000000-0000-4000-8000-000000000210'`,
  );
  expect(await ask(gold)).toEqual(['running', 'fold']);
});

test('without the right to write, questions are answered from the spans', async () => {
  const refused: ClickHouse = { ...clickhouse, insertSelect: () => Promise.reject(new Error('not enough privileges')) };
  const gold = openGold(refused, SHOP, { fewFacts: 0 });
  for (let i = 0; i < 4; i++) expect(await ask(gold)).toEqual(['spans']);
});
