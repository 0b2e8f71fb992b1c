import type { ShopClock } from '@tillstream/clickhouse/calendar/shop-day';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { rebuildSilver } from '@tillstream/clickhouse/schema/rebuild';
import { sealContext } from '@tillstream/clickhouse/seal/context';
import { proofSteps } from '@tillstream/clickhouse/seal/proof';
import { rebuildGold } from '@tillstream/clickhouse/seal/rebuild';
import { NOTHING_SEALED } from '@tillstream/clickhouse/seal/seal-days';
import { sealAll } from '@tillstream/clickhouse/seal/sealer';
import { readState } from '@tillstream/clickhouse/seal/state';
import { type Seen, tick } from '@tillstream/clickhouse/seal/tick';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { engineOfThisFile } from './engine.ts';
import type { ModelScope } from './model.ts';
import { dying, neverLookingAgain, slow } from './mutants.ts';
import { type Ask, NAMED_QUESTIONS } from './questions.ts';
import { views } from './views.ts';
import {
  type Basket,
  BRANCHES,
  COUNTRIES,
  emptyWorld,
  REPLAYS,
  SABOTAGES,
  THRESHOLD,
  WORLD_BEGINS,
  WORLD_MINUTES,
  World,
} from './world.ts';

/** Each figure both ways: as the dashboard asks it, and as an analyst reads it. */
const QUESTIONS: readonly Ask[] = [...Object.values(NAMED_QUESTIONS), views];

const RUNS = Number(process.env.PROPERTY_RUNS ?? 12);
const SEED = process.env.PROPERTY_SEED === undefined ? undefined : Number(process.env.PROPERTY_SEED);

const CLOCKS: readonly ShopClock[] = [
  { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '04:00' },
  { SHOP_TIMEZONE: 'UTC', BUSINESS_DAY_START: '00:00' },
  { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '02:30' },
  { SHOP_TIMEZONE: 'Asia/Kathmandu', BUSINESS_DAY_START: '00:00' },
];

type Step =
  | { do: 'sell'; baskets: Basket[] }
  | { do: 'void'; index: number }
  | { do: 'take back'; index: number; line: number; half: boolean; branch: number; minute: number; cashier: number }
  | { do: 'deliver'; seed: number; blocks: number }
  | { do: 'deliver in vain'; where: (typeof SABOTAGES)[number] }
  | { do: 'replay'; how: (typeof REPLAYS)[number]; seed: number; blocks: number }
  | { do: 'categorize'; product: number; category: number }
  | { do: 'move branch'; branch: number; country: number }
  | { do: 'store twice'; seed: number }
  | { do: 'merge'; wholly: boolean }
  | { do: 'lose'; what: (typeof LOSSES)[number] }
  | { do: 'tick'; minute: number; sealers: number; dies: number; meanwhile: boolean }
  | { do: 'rebuild'; layer: 'silver' | 'gold'; meanwhile: boolean }
  | { do: 'change clock'; clock: number }
  | { do: 'ask'; question: number; scope: Scope; minute: number };

interface Scope {
  from: number;
  to: number;
  branch: number;
  /** Borders on: 0 milliseconds, 1 slots, 2 business days, 3 everything there is. */
  grain: number;
}

/** What an operator may take away by hand. */
const LOSSES = [
  'ALTER TABLE sealed.spans DROP PARTITION 0',
  "ALTER TABLE sealed.spans DELETE WHERE level = 'month' SETTINGS mutations_sync = 1",
  "ALTER TABLE sealed.spans DELETE WHERE scope != 'branch' SETTINGS mutations_sync = 1",
  'TRUNCATE TABLE sealed.milestone_days',
] as const;

const basket: fc.Arbitrary<Basket> = fc.record({
  branch: fc.nat({ max: 1 }),
  minute: fc.oneof(
    fc.nat({ max: WORLD_MINUTES - 1 }),
    // The night in which the clock is put back, and two hours of one day: where things meet.
    fc.integer({ min: 12 * 1440 + 20 * 60, max: 13 * 1440 + 4 * 60 }),
    fc.integer({ min: 5 * 1440 + 600, max: 5 * 1440 + 660 }),
  ),
  ms: fc.constantFrom(0, 1, 59_999),
  customer: fc.nat({ max: 4 }),
  products: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 }),
  price: fc.constantFrom(0, 99, 150),
  discount: fc.constantFrom(0, 0, 7, 400),
  cashier: fc.nat({ max: 2 }),
  channel: fc.nat({ max: 1 }),
  tenders: fc.nat({ max: 3 }),
});

const scope: fc.Arbitrary<Scope> = fc.record({
  from: fc.nat({ max: WORLD_MINUTES }),
  to: fc.nat({ max: WORLD_MINUTES }),
  branch: fc.integer({ min: -1, max: 1 }),
  grain: fc.constantFrom(0, 1, 2, 3, 3),
});

/** What the sealer's clock shows: within the world, soon after it, when its slots are no longer kept, and in the next year. */
const minute = fc.oneof(
  fc.integer({ min: 0, max: WORLD_MINUTES }),
  fc.integer({ min: WORLD_MINUTES, max: WORLD_MINUTES * 2 }),
  fc.constantFrom(WORLD_MINUTES * 3, WORLD_MINUTES * 4),
);
const seed = fc.nat({ max: 1000 });
const blocks = fc.integer({ min: 1, max: 3 });
const one = <Name extends string>(name: Name) => fc.constant(name);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: one('sell'), baskets: fc.array(basket, { minLength: 1, maxLength: 12 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: one('void'), index: fc.nat({ max: 40 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: one('take back'),
      index: fc.nat({ max: 40 }),
      line: fc.nat({ max: 2 }),
      half: fc.boolean(),
      branch: fc.nat({ max: 1 }),
      minute: fc.nat({ max: WORLD_MINUTES - 1 }),
      cashier: fc.nat({ max: 2 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: one('deliver'), seed, blocks }) },
  { weight: 1, arbitrary: fc.record({ do: one('deliver in vain'), where: fc.constantFrom(...SABOTAGES) }) },
  { weight: 2, arbitrary: fc.record({ do: one('replay'), how: fc.constantFrom(...REPLAYS), seed, blocks }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: one('move branch'),
      branch: fc.nat({ max: 1 }),
      country: fc.nat({ max: COUNTRIES.length - 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: one('categorize'), product: fc.nat({ max: 3 }), category: fc.nat({ max: 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: one('store twice'), seed }) },
  { weight: 2, arbitrary: fc.record({ do: one('merge'), wholly: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: one('lose'), what: fc.constantFrom(...LOSSES) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: one('tick'),
      minute,
      sealers: fc.integer({ min: 1, max: 2 }),
      // Which statement a sealer dies at; most live.
      dies: fc.oneof(fc.constant(99), fc.integer({ min: 1, max: 12 })),
      meanwhile: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: one('rebuild'),
      layer: fc.constantFrom('silver' as const, 'gold' as const),
      meanwhile: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: one('change clock'), clock: fc.nat({ max: CLOCKS.length - 1 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: one('ask'), question: fc.nat({ max: QUESTIONS.length - 1 }), scope, minute }),
  },
);

const sequence = fc.array(step, { minLength: 1, maxLength: 16, size: 'max' });

const engine = engineOfThisFile();

/** Lives through the steps in a world of its own. At rest, after a tick and (where it `proves`) a proof, every question agrees with the model. */
const live = async (
  steps: readonly Step[],
  { sealer, proves = true }: { sealer?: (clickhouse: ClickHouse) => ClickHouse; proves?: boolean } = {},
): Promise<void> => {
  const { clickhouse } = engine();
  const sealing = sealer?.(clickhouse) ?? clickhouse;
  await emptyWorld(clickhouse);
  for (const table of ['spans', 'milestone_days', 'state']) await clickhouse.command(`TRUNCATE TABLE sealed.${table}`);
  const world = new World(clickhouse);
  let clock = CLOCKS[0] as ShopClock;
  await migrateClickHouse(clickhouse, undefined, clock);
  let gold = openGold(clickhouse, clock, { shareMs: 0 });
  const seen: Seen = { arrivals: new Map() };
  let minuteNow = 0;
  const nowAt = (minute: number) => {
    minuteNow = Math.max(minuteNow, minute);
    return WORLD_BEGINS + minuteNow * 60_000;
  };

  const rest = async (minute: number) => {
    // What an aborted insert left half done is sent again, as a broker does.
    await world.deliver(1, 1);
    if (proves) await sealAll(sealing, { shop: clock, now: nowAt(minute) });
    else await tick(sealContext(sealing, clock), seen, { now: nowAt(minute), graceMs: 0 });
  };
  const ask = async (index: number, asked: Scope) => {
    const question = QUESTIONS[index % QUESTIONS.length] as Ask;
    const { given, expected } = await question(gold, clickhouse, world, instants(asked));
    expect(given).toEqual(expected);
  };
  const instants = ({ from, to, branch, grain }: Scope): ModelScope => {
    const moment = (minute: number, odd: number) => {
      const instant = WORLD_BEGINS + minute * 60_000;
      if (grain === 0) return instant + odd;
      if (grain === 1) return instant - (instant % 900_000);
      return gold.calendar.dayStart(gold.calendar.dayOf(instant));
    };
    const [first, last] = from <= to ? [from, to] : [to, from];
    const ends =
      grain === 3
        ? { from: WORLD_BEGINS - 40 * 86_400_000, to: WORLD_BEGINS + 70 * 86_400_000 }
        : { from: moment(first, 1), to: moment(last, 60_000) };
    return { ...ends, branch: branch < 0 ? undefined : BRANCHES[branch] };
  };

  for (const now of steps) {
    if (now.do === 'sell') for (const sold of now.baskets) world.sell(sold);
    else if (now.do === 'void') world.void(now.index);
    else if (now.do === 'take back') world.takeBack(now);
    else if (now.do === 'deliver') await world.deliver(now.seed, now.blocks);
    else if (now.do === 'deliver in vain') await world.deliverInVain(now.where);
    else if (now.do === 'replay') await world.replay(now.how, now.seed, now.blocks);
    else if (now.do === 'categorize') await world.categorize(now.product, now.category);
    else if (now.do === 'move branch') await world.move(now.branch, now.country);
    else if (now.do === 'store twice') await world.slipThrough(now.seed);
    else if (now.do === 'merge')
      await clickhouse.command(`OPTIMIZE TABLE silver.purchases${now.wholly ? ' FINAL' : ''}`);
    else if (now.do === 'lose') await clickhouse.command(now.what);
    else if (now.do === 'change clock') {
      clock = CLOCKS[now.clock] as ShopClock;
      await migrateClickHouse(clickhouse, undefined, clock);
      gold = openGold(clickhouse, clock, { shareMs: 0 });
    } else if (now.do === 'tick') {
      const options = { now: nowAt(now.minute), graceMs: 0 };
      await Promise.all([
        ...Array.from({ length: now.sealers }, (_, index) =>
          tick(sealContext(dying(sealing, now.dies + 3 * index), clock), seen, options).catch(dead),
        ),
        ...(now.meanwhile ? [world.deliver(now.minute, 3)] : []),
      ]);
    } else if (now.do === 'rebuild') {
      await Promise.all([
        now.layer === 'silver' ? rebuildSilver(clickhouse, clock) : rebuildGold(clickhouse, clock),
        ...(now.meanwhile ? [world.deliver(7, 3)] : []),
      ]);
    } else {
      await rest(now.minute);
      await ask(now.question, now.scope);
    }
  }
  await rest(0);
  for (let index = 0; index < QUESTIONS.length; index++) {
    await ask(index, { from: 0, to: WORLD_MINUTES, branch: (index % 3) - 1, grain: index % 2 === 0 ? 3 : 2 });
  }
};

const dead = (error: Error) => {
  if (error.message !== 'the sealer died') throw error;
};

test('whatever happens, at rest every question has the answer of the plain model', { timeout: 3_600_000 }, async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(sequence, async (steps) => {
      await live(steps);
      runs += 1;
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: process.env.PROPERTY_SHRINK === '0' },
  );
  console.log(`${runs} sequences passed`);
});

test('a tick alone finds late sales, voids and replays', { timeout: 3_600_000 }, async () => {
  const calm = sequence.map((steps) =>
    steps
      .filter((each) => ['sell', 'void', 'take back', 'deliver', 'replay', 'merge', 'tick'].includes(each.do))
      .map((each) => (each.do === 'tick' ? { ...each, sealers: 1, dies: 99, meanwhile: false } : each)),
  );
  await fc.assert(
    fc.asyncProperty(calm, (steps) => live(steps, { proves: false })),
    { numRuns: RUNS, seed: SEED, endOnFailure: process.env.PROPERTY_SHRINK === '0' },
  );
});

test('a sealer that never looks again at what is sealed is found out', { timeout: 600_000 }, async () => {
  const sale = (customer: number): Basket => ({ branch: 0, minute: 700, ms: 0, customer, products: [1], price: 99 });
  const steps: Step[] = [
    { do: 'sell', baskets: [sale(1)] },
    { do: 'deliver', seed: 1, blocks: 1 },
    { do: 'tick', minute: WORLD_MINUTES, sealers: 1, dies: 99, meanwhile: false },
    { do: 'sell', baskets: [sale(2)] },
  ];
  await live(steps);
  await expect(live(steps, { sealer: neverLookingAgain })).rejects.toThrow(/to deeply equal/);
});

test.each([
  ['fold_weeks', 'a week'],
  ['fold_days_across', 'a day of the chain'],
  ['seal_days', 'a day of a branch'],
])(
  'of two sealers the one that read before a late sale may write last (%s): %s tells the sale without a proof',
  {
    timeout: 600_000,
  },
  async (statement) => {
    const { clickhouse } = engine();
    const clock = CLOCKS[0] as ShopClock;
    const sale = (customer: number): Basket => ({ branch: 0, minute: 700, ms: 0, customer, products: [1], price: 99 });
    await live([]);
    const world = new World(clickhouse);
    const [now, graceMs] = [WORLD_BEGINS + WORLD_MINUTES * 60_000, 0];
    world.sell(sale(1));
    await world.deliver(1, 1);
    await sealAll(clickhouse, { shop: clock, now, graceMs });

    const tickOf = (connection: ClickHouse) => {
      const seen: Seen = { arrivals: new Map() };
      return () => tick(sealContext(connection, clock), seen, { now, graceMs });
    };
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const [quick, late] = [tickOf(clickhouse), tickOf(slow(clickhouse, statement, released))];
    await Promise.all([quick(), late()]);
    world.sell(sale(2));
    await world.deliver(1, 1);
    const writingLast = late();
    await eventually(() => clickhouse.command('SELECT throwIf(count() = 0) FROM default.read'));
    world.sell(sale(3));
    await world.deliver(1, 1);
    await quick();
    release();
    await writingLast;

    const gold = openGold(clickhouse, clock, { shareMs: 0 });
    // From months, which are folded from weeks, and from days.
    for (const from of [0, WORLD_BEGINS - 86_400_000]) {
      for (const branch of [undefined, BRANCHES[0]]) {
        const found = await readKpis(gold, { from, to: now, branch }, THRESHOLD);
        expect(found).toMatchObject({ purchases: 3, revenue_minor: 3 * 2 * 99 });
      }
    }
  },
);

test('what was sealed while the clock of ClickHouse was a day ahead gives way to a late sale', {
  timeout: 600_000,
}, async () => {
  const { clickhouse } = engine();
  const clock = CLOCKS[0] as ShopClock;
  const sale = (customer: number): Basket => ({ branch: 0, minute: 700, ms: 0, customer, products: [1], price: 99 });
  await live([]);
  const world = new World(clickhouse);
  const now = WORLD_BEGINS + WORLD_MINUTES * 60_000;
  world.sell(sale(1));
  await world.deliver(1, 1);
  await sealAll(clickhouse, { shop: clock, now });
  await clickhouse.command(
    `INSERT INTO sealed.spans SELECT * REPLACE (sealed_at + INTERVAL 1 DAY AS sealed_at) FROM sealed.spans FINAL`,
  );
  await clickhouse.command(
    `INSERT INTO sealed.state SELECT clock, name, at + INTERVAL 1 DAY FROM sealed.state WHERE name = 'changed'`,
  );
  world.sell(sale(2));
  await world.deliver(1, 1);
  await sealAll(clickhouse, { shop: clock, now });
  const found = await readKpis(openGold(clickhouse, clock, { shareMs: 0 }), { from: 0, to: now }, THRESHOLD);
  expect(found).toMatchObject({ purchases: 2, revenue_minor: 2 * 2 * 99 });
});

test('a proof right after a proof finds nothing to seal', { timeout: 600_000 }, async () => {
  const sale = (customer: number, minute: number): Basket => ({
    branch: customer % 2,
    minute,
    ms: 0,
    customer,
    products: [1, 2],
    price: 99,
  });
  await live([
    { do: 'sell', baskets: [sale(1, 700), sale(1, 2_000), sale(1, 3_500), sale(2, 9_000), sale(3, 20_000)] },
    { do: 'deliver', seed: 1, blocks: 1 },
  ]);
  const { clickhouse } = engine();
  const clock = CLOCKS[0] as ShopClock;
  // Merging changes what is stored, and so a fingerprint.
  await clickhouse.command('OPTIMIZE TABLE silver.purchases FINAL');
  await clickhouse.command('OPTIMIZE TABLE silver.customer_milestones FINAL');
  await sealAll(clickhouse, { shop: clock, now: WORLD_BEGINS + WORLD_MINUTES * 60_000 });
  const context = sealContext(clickhouse, clock);
  for await (const found of proofSteps(context, await readState(context))) expect(found).toEqual(NOTHING_SEALED);
});
