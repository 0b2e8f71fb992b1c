import type { ClickHouse, NamedQuery } from '@tillstream/clickhouse/client';
import type { Beside } from '@tillstream/clickhouse/facts-beside';
import { type Gold, type GoldOptions, openGold } from '@tillstream/clickhouse/gold';
import { readAggregatedSales } from '@tillstream/clickhouse/questions/aggregated-sales';
import { readKpis } from '@tillstream/clickhouse/questions/kpis';
import { readRetention } from '@tillstream/clickhouse/questions/retention';
import { readSeries } from '@tillstream/clickhouse/questions/series';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { sealStale } from '@tillstream/clickhouse/seal';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../support/eventually.ts';
import { type OwnEngine, startOwnEngine } from '../support/own-engine.ts';
import * as model from './model.ts';
import { emptyWorld, THRESHOLD, WORLD_BEGINS, WORLD_MINUTES, World } from './world.ts';

const SHOP = { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '04:00' };
/** From the world's beginning until its end: days in two months, which are too few to seal. */
const SCOPE = { from: WORLD_BEGINS - 86_400_000, to: WORLD_BEGINS + (WORLD_MINUTES + 1440) * 60_000 };
/** And three months before. */
const LONGER = { ...SCOPE, from: WORLD_BEGINS - 90 * 86_400_000 };

let engine: OwnEngine;
let clickhouse: ClickHouse;
let world: World;
const FIGURES = ['kpis', 'series_by_day', 'series_by_hour', 'retention', 'products'];
/** What was asked of ClickHouse for main figures or products, one after the other until it gave an answer that is whole. */
let asked: ('running' | 'fold' | 'spans')[] = [];
/** How often it was read what of a fold is void: after that a void does not break it. */
let learnt = 0;

beforeAll(async () => {
  engine = await startOwnEngine('folds');
  clickhouse = {
    ...engine.clickhouse,
    rows: async (query) => {
      if (FIGURES.includes(query.name)) asked.push(figuresOf(query));
      return engine.clickhouse.rows(query);
    },
    row: (query) =>
      FIGURES.includes(query.name)
        ? clickhouse.rows(query).then(([row]) => row as never)
        : engine.clickhouse.row(query).finally(() => {
            if (query.name === 'fold_voided') learnt += 1;
          }),
  };
  await migrateClickHouse(clickhouse, undefined, SHOP);
});
afterAll(() => engine.stop());

beforeEach(async () => {
  await clickhouse.command('SYSTEM START MERGES silver.purchases');
  await emptyWorld(clickhouse);
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

const figuresOf = ({ sql, params = {} }: NamedQuery<unknown>): (typeof asked)[number] => {
  if (!sql.includes('{since_0:')) return 'spans';
  const isRunning = String(params.period_running) > '1971' && params.period_running !== params.period_recorded;
  return isRunning ? 'running' : 'fold';
};

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

/** The same for sales by product, country and month. */
const askProducts = async (gold: Gold): Promise<typeof asked> => {
  asked = [];
  const { rows } = await readAggregatedSales(gold, LONGER);
  expect(rows).toEqual(
    model.aggregated(model.inScope(world.arrived(), LONGER), gold.calendar, (branch) => world.countryOf(branch)),
  );
  return asked;
};

/** The same for days or hours of the clock. */
const askSeries = async (gold: Gold, by: 'day' | 'hour', scope = SCOPE): Promise<typeof asked> => {
  asked = [];
  const { points } = await readSeries(gold, scope, by);
  expect(points).toEqual(model.series(world.arrived(), scope, by, gold.calendar));
  return asked.map((of) => (of === 'spans' ? of : 'fold'));
};

/** Asks until it is answered so. */
const askedUntil = (from: (typeof asked)[number], ask: () => Promise<typeof asked>) =>
  eventually(async () => {
    expect(await ask()).toEqual([from]);
  }, 30_000);

/** Asks until there is a running fold of which is known what is void: that is read once after each answer from one of which it is not. */
const askedUntilLearnt = async (ask: () => Promise<typeof asked>) => {
  const before = learnt;
  await askedUntil('running', ask);
  await eventually(async () => expect(learnt).toBeGreaterThan(before));
  await eventually(async () => {
    const known = learnt;
    expect(await ask()).toEqual(['running']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(learnt).toBe(known);
  });
};

/** Asks twice: from then on there is a fold. */
const folded = async (options: GoldOptions = {}) => {
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false, ...options });
  expect(await ask(gold)).toEqual(['spans']);
  expect(await ask(gold)).toEqual(['spans']);
  await askedUntil('fold', () => ask(gold));
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
  await askedUntil('fold', () => askFolds(gold));
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
  await askedUntil('fold', () => askFolds(gold));
});

test('a day that was sealed since stays in a running fold', async () => {
  sell(1000, 3);
  await world.deliver(1, 1);
  let stepped = 0;
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false, now: () => performance.now() + stepped });
  await askedUntil('running', () => ask(gold));
  await seal();
  stepped += 6_000;
  // What is known of the seals is old by now: it is read behind the back of this question.
  await ask(gold);
  await askedUntil('fold', () => askFolds(gold));
});

/** From the middle of the world's last day on all is open: enough to be worth a running fold that leaves out the last two. */
const openLastDay = async ({ held = 0 } = {}) => {
  for (const table of ['spans', 'products']) await clickhouse.command(`TRUNCATE TABLE gold.sealed_${table}`);
  for (let i = 0; i < 30; i++) sell(WORLD_MINUTES - 700 + i * 20, 100 + i);
  await world.deliver(1, 1, held);
  await sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + (WORLD_MINUTES - 720) * 60_000 });
};

const running = async ({ held = 0 } = {}) => {
  await openLastDay({ held });
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false, leftOut: { facts: 2, ms: 0 } });
  await askedUntilLearnt(() => ask(gold));
  return gold;
};

/** Whether folds were asked, of whatever kind: a running one takes in what comes after it. */
const askedFolds = async (asking: Promise<typeof asked>) =>
  (await asking).map((of): (typeof asked)[number] => (of === 'spans' ? of : 'fold'));
const askFolds = (gold: Gold) => askedFolds(ask(gold));

test('what was sold on an open day is folded, too, and what comes since is added', async () => {
  const gold = await running();
  for (const minute of [WORLD_MINUTES - 30, WORLD_MINUTES - 600, 700]) {
    sell(minute, 77);
    await world.deliver(1, 1);
    expect(await askFolds(gold)).toEqual(['fold']);
  }
  // The newest two are not in it.
  world.void(231);
  await world.deliver(1, 1);
  expect(await askFolds(gold)).toEqual(['fold']);
});

test('a void on an open day is taken off the running fold, and so is the version that a merge drops', async () => {
  await clickhouse.command('SYSTEM STOP MERGES silver.purchases');
  const gold = await running();
  for (const sale of [210, 211, 212]) {
    world.void(sale);
    await world.deliver(1, 1);
    expect(await askFolds(gold)).toEqual(['fold', 'fold']);
    expect(await askFolds(gold)).toEqual(['fold']);
  }
  await clickhouse.command('SYSTEM START MERGES silver.purchases');
  await clickhouse.command('OPTIMIZE TABLE silver.purchases FINAL');
  expect(await askFolds(gold)).toEqual(['fold', 'fold']);
  expect(await askFolds(gold)).toEqual(['fold']);
});

test('a customer of a running fold goes with the last of their purchases, in one branch and in all', async () => {
  // A merge just when a void is taken off would break the fold once more.
  await clickhouse.command('SYSTEM STOP MERGES silver.purchases');
  await openLastDay();
  const first = 230;
  for (const [minute, customer] of [
    [600, 50],
    [500, 51],
    [400, 50],
    [300, 5],
  ] as const)
    world.sell({ branch: 0, minute: WORLD_MINUTES - minute, ms: 0, customer, products: [1, 2, 1], price: 99 });
  await world.deliver(1, 1);
  for (let i = 0; i < 3; i++) sell(WORLD_MINUTES - 100 + i, 5);
  await world.deliver(1, 1);
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false, leftOut: { facts: 2, ms: 0 } });
  for (const asking of [() => ask(gold), () => askProducts(gold)]) await askedUntilLearnt(asking);
  for (const sale of [first, first + 1, first + 2, first + 3]) {
    world.void(sale);
    await world.deliver(1, 1);
    for (const asking of [() => ask(gold), () => askProducts(gold)])
      expect(await askedFolds(asking())).toEqual(['fold', 'fold']);
  }
});

test('what else has changed beside a void breaks the fold, and so does a void of its newest sale', async () => {
  await clickhouse.command('SYSTEM STOP MERGES silver.purchases');
  const gold = await running();
  world.void(210);
  await world.deliver(1, 1);
  await clickhouse.command(
    `INSERT INTO silver.purchases SELECT * FROM silver.purchases WHERE purchase_id = '00000000-0000-4000-8000-000000000212'`,
  );
  expect(await askFolds(gold)).toEqual(['fold', 'spans']);
  await askedUntilLearnt(() => ask(gold));
  // Of the sale before the newest one nothing is known.
  const minutes = Array.from({ length: 200 }, (_, sale) => (sale * 7_919) % WORLD_MINUTES);
  world.void(minutes.indexOf(Math.max(...minutes)));
  await world.deliver(1, 1);
  expect(await askFolds(gold)).toContain('spans');
});

test('a void on a day of the spans breaks the fold of these, too', async () => {
  const gold = await running();
  world.void(17);
  await world.deliver(1, 1);
  await seal();
  expect(await askFolds(gold)).toEqual(['fold', 'spans']);
  await askedUntil('fold', () => askFolds(gold));
});

test('what comes after a running fold is taken into it, but for the newest, and is no longer read', async () => {
  let read = 0;
  const counting: ClickHouse = {
    ...clickhouse,
    row: async (query) => {
      const row = await clickhouse.row(query);
      if (query.name === 'kpis') read = (row as Beside).facts.length;
      return row;
    },
  };
  await clickhouse.command('SYSTEM STOP MERGES silver.purchases');
  await openLastDay();
  const gold = openGold(counting, SHOP, { fewFacts: 0, live: false, leftOut: { facts: 2, ms: 0 } });
  await askedUntilLearnt(() => ask(gold));
  for (let i = 0; i < 12; i++) {
    sell(i % 3 === 0 ? 700 + i : WORLD_MINUTES - 100 + i, 70 + i);
    await world.deliver(1, 1);
    expect(await askFolds(gold)).toEqual(['fold']);
    // Those of one delivery are recorded at moments of their own.
    expect(read).toBeLessThanOrEqual(5);
  }
  // One that is still read; and one of those that were taken in, and the one from before.
  world.void(241);
  await world.deliver(1, 1);
  expect(await askFolds(gold)).toEqual(['fold']);
  for (const sale of [234, 210]) {
    world.void(sale);
    await world.deliver(1, 1);
    expect(await askFolds(gold)).toEqual(['fold', 'fold']);
  }
});

test('a sale that was on its way while a running fold was made breaks it', async () => {
  const gold = await running({ held: 1 });
  await world.deliver(1, 1);
  expect(await askFolds(gold)).toEqual(['fold', 'spans']);
});

test('a running fold of whose facts one is there twice is refused', async () => {
  const gold = await running();
  await clickhouse.command('SYSTEM STOP MERGES silver.purchases');
  await clickhouse.command(
    `INSERT INTO silver.purchases SELECT * FROM silver.purchases WHERE purchase_id = '00000000-0000-4000-8000-000000000210'`,
  );
  expect(await askFolds(gold)).toEqual(['fold', 'spans']);
});

test('a purchase whose versions were recorded at different moments keeps a running fold away until they are merged', async () => {
  await openLastDay();
  await clickhouse.command('SYSTEM STOP MERGES silver.purchases');
  // As one that was corrupted and healed: the version that counts is in the fold, the other one beside it.
  await clickhouse.command(
    `INSERT INTO silver.purchases SELECT * REPLACE (version + 65536 AS version, recorded_at - INTERVAL 1 HOUR AS recorded_at)
     FROM silver.purchases WHERE purchase_id = '00000000-0000-4000-8000-000000000229'`,
  );
  let stepped = 0;
  const gold = openGold(clickhouse, SHOP, {
    fewFacts: 0,
    live: false,
    leftOut: { facts: 2, ms: 0 },
    now: () => performance.now() + stepped,
  });
  await askedUntil('spans', () => ask(gold));
  for (let i = 0; i < 6; i++) {
    stepped += 31_000;
    expect(await ask(gold)).toEqual(['spans']);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await clickhouse.command('SYSTEM START MERGES silver.purchases');
  await clickhouse.command('OPTIMIZE TABLE silver.purchases FINAL');
  await askedUntil('running', () => {
    stepped += 31_000;
    return ask(gold);
  });
});

/** Products of all that is sealed, from a fold. */
const productsFolded = async () => {
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false });
  await askedUntil('fold', () => askProducts(gold));
  return gold;
};

test('products by country are folded, and what comes late is added with its customers', async () => {
  const gold = await productsFolded();
  // A customer who has bought that product in that month, one who has bought others, and one who is new.
  for (const customer of [1, 2, 99]) {
    sell(30_000 + customer, customer);
    await world.deliver(1, 1);
    expect(await askProducts(gold)).toEqual(['fold']);
  }
  world.void(17);
  await world.deliver(1, 1);
  expect(await askProducts(gold)).not.toEqual(['fold']);
});

test('a fold of products does not outlive a branch that goes to another country', async () => {
  await world.move(0, 1);
  await seal();
  const gold = await productsFolded();
  await world.move(0, 2);
  expect((await askProducts(gold))[0]).toBe('fold');
  expect(asked.length).toBeGreaterThan(1);
});

test('a sale that comes late to a month of which a fold of products has numbers only breaks it', async () => {
  const inAugust = -60 * 1440;
  // Two are recorded in one moment: what comes next is later.
  for (const minute of [inAugust, inAugust + 1]) sell(minute, 3);
  await world.deliver(1, 1);
  await seal();
  const gold = await productsFolded();
  sell(700, 3);
  await world.deliver(1, 1);
  expect(await askProducts(gold)).toEqual(['fold']);
  sell(inAugust + 700, 3);
  await world.deliver(1, 1);
  expect((await askProducts(gold))[0]).toBe('fold');
  expect(asked.length).toBeGreaterThan(1);
});

test('what products sell on an open day is folded, too, and what is void is taken off', async () => {
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false, leftOut: { facts: 2, ms: 0 } });
  await openLastDay();
  await askedUntilLearnt(() => askProducts(gold));
  // More than are left out of the fold: it grows by them, and so do its customers.
  for (const [minute, customer] of [
    [WORLD_MINUTES - 30, 77],
    [30_000, 77],
    [WORLD_MINUTES - 31, 78],
    [WORLD_MINUTES - 32, 77],
    [30_001, 1],
    [WORLD_MINUTES - 33, 5],
  ] as const) {
    sell(minute, customer);
    await world.deliver(1, 1);
    expect(await askedFolds(askProducts(gold))).toEqual(['fold']);
  }
  world.void(210);
  await world.deliver(1, 1);
  expect(await askedFolds(askProducts(gold))).toEqual(['fold', 'fold']);
});

/** The same for who came back; two months of the world have sales. */
const askRetention = async (gold: Gold): Promise<typeof asked> => {
  asked = [];
  const now = SCOPE.to - 1;
  const { cohorts } = await readRetention(gold, { branch: undefined, now, months: 2 });
  const months = ['2025-10', '2025-11'];
  // A month in which nobody is new is a cohort of nobody.
  const some = cohorts.filter(({ customers: [first = 0] }) => first > 0);
  expect(some).toEqual(model.retention(model.inScope(world.arrived(), { from: 0, to: now }), months, gold.calendar));
  return asked;
};

test('who came back is counted from the customers of folded months, and of sales that come since', async () => {
  for (const minute of [-60 * 1440, -60 * 1440 + 1]) sell(minute, 3);
  await world.deliver(1, 1);
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false, leftOut: { facts: 2, ms: 0 } });
  await openLastDay();
  await askedUntil('fold', () => askedFolds(askRetention(gold)));
  // A late first purchase takes a customer out of a cohort, a new customer comes into one, another one comes back.
  for (const [minute, customer] of [
    [700, 120],
    [WORLD_MINUTES - 30, 77],
    [-60 * 1440 + 2, 5],
    [WORLD_MINUTES - 29, 3],
  ] as const) {
    sell(minute, customer);
    await world.deliver(1, 1);
    expect(await askedFolds(askRetention(gold))).toEqual(['fold']);
  }
  world.void(17);
  await world.deliver(1, 1);
  expect(await askedFolds(askRetention(gold))).toContain('spans');
});

test.each(['day', 'hour'] as const)(
  'each %s is folded, and what comes late or today is added with its customers',
  async (by) => {
    const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false, leftOut: { facts: 2, ms: 0 } });
    await openLastDay();
    const before = learnt;
    await askedUntil('fold', () => askSeries(gold, by));
    await eventually(async () => expect(learnt).toBeGreaterThan(before));
    // A customer of that day, two who are not, and some of the day that runs: more than are left out of the fold.
    for (const [minute, customer] of [
      [700, 1],
      [701, 77],
      [700, 78],
      [WORLD_MINUTES - 30, 77],
      [WORLD_MINUTES - 30, 78],
      [WORLD_MINUTES - 29, 78],
      [WORLD_MINUTES - 90, 1],
    ] as const) {
      sell(minute, customer);
      await world.deliver(1, 1);
      expect(await askSeries(gold, by)).toEqual(['fold']);
    }
    world.void(210);
    await world.deliver(1, 1);
    expect(await askSeries(gold, by)).toEqual(['fold', 'fold']);
  },
);

test('a sale that comes to a day of which a fold knows the number of customers only is counted from what is sealed', async () => {
  const inAugust = -60 * 1440;
  for (const minute of [inAugust, inAugust + 1]) sell(minute, 3);
  await world.deliver(1, 1);
  await seal();
  const gold = openGold(clickhouse, SHOP, { fewFacts: 0, live: false });
  await askedUntil('fold', () => askSeries(gold, 'day', LONGER));
  sell(700, 3);
  await world.deliver(1, 1);
  expect(await askSeries(gold, 'day', LONGER)).toEqual(['fold']);
  sell(inAugust + 5, 4);
  await world.deliver(1, 1);
  expect(await askSeries(gold, 'day', LONGER)).toContain('spans');
  await seal();
  await askedUntil('fold', () => askSeries(gold, 'day', LONGER));
});
