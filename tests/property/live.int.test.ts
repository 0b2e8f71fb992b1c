import type { ClickHouse } from '@tillstream/clickhouse/client';
import { openGold } from '@tillstream/clickhouse/gold';
import { readKpis } from '@tillstream/clickhouse/questions/kpis';
import { rebuildSilver } from '@tillstream/clickhouse/schema/rebuild';
import { sealStale } from '@tillstream/clickhouse/seal';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { engineOfThisFile, SHOP } from './engine.ts';
import { LIVE_QUESTIONS } from './questions.ts';
import { emptyWorld, REPLAYS, THRESHOLD, WORLD_BEGINS, WORLD_MINUTES, World } from './world.ts';

/* Figures that were read once and follow the feed of changes: whatever comes, they are those of the plain model. */

const RUNS = Number(process.env.PROPERTY_RUNS ?? 3);

const engine = engineOfThisFile();

/** Alternatives to what is read of ClickHouse: the statements by their names. */
const counting = (clickhouse: ClickHouse) => {
  const asked: string[] = [];
  const counted: ClickHouse = {
    ...clickhouse,
    rows: (query) => {
      asked.push(query.name);
      return clickhouse.rows(query);
    },
    row: (query) => {
      asked.push(query.name);
      return clickhouse.row(query);
    },
  };
  return { asked, counted };
};

const begin = async () => {
  const { clickhouse } = engine();
  await emptyWorld(clickhouse);
  const world = new World(clickhouse);
  for (let i = 0; i < 120; i++) sell(world, (i * 7_919) % WORLD_MINUTES, i);
  await world.deliver(1, 2);
  await sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + WORLD_MINUTES * 240_000 });
  return { clickhouse, world };
};

const sell = (world: World, minute: number, customer: number) =>
  world.sell({
    branch: customer % 2,
    minute,
    ms: customer,
    customer: customer % 40,
    products: [customer % 4],
    price: 99,
  });

const TODAY = WORLD_MINUTES - 600;
const ALL = {
  from: WORLD_BEGINS - 90 * 86_400_000,
  to: WORLD_BEGINS + (WORLD_MINUTES + 1440) * 60_000,
  branch: undefined,
};
const SCOPES = [ALL, { ...ALL, branch: 'SMKT002' }];
/** Folds leave out few facts, so that there are some; figures follow the feed for a hundred changes until they are proven again. */
const OPTIONS = { fewFacts: 0, leftOut: { facts: 50, ms: 0 }, folding: 'always' } as const;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('sell' as const),
      minutes: fc.array(fc.nat(599), { minLength: 1, maxLength: 6 }),
      blocks: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sell late' as const), minute: fc.nat(TODAY) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('void' as const), index: fc.nat(200) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('replay' as const), how: fc.constantFrom(...REPLAYS), seed: fc.nat(99) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('slip through' as const), seed: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('merge' as const), wholly: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('move branch' as const), branch: fc.nat(1), country: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('mutate' as const, 'rebuild' as const, 'drop' as const, 'seal' as const, 'wait' as const),
    }),
  },
);

test('after whatever comes, figures that follow the feed are those of the plain model', {
  timeout: 1_800_000,
}, async () => {
  let [live, read] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 12, maxLength: 24 }), async (steps) => {
      const { clickhouse, world } = await begin();
      const { asked, counted } = counting(clickhouse);
      const gold = openGold(counted, SHOP, OPTIONS);
      const ask = async () => {
        for (const [name, question] of Object.entries(LIVE_QUESTIONS)) {
          for (const scope of SCOPES) {
            asked.length = 0;
            const { given, expected } = await question(gold, clickhouse, world, scope);
            expect(given, name).toEqual(expected);
            if (asked.includes(name)) read += 1;
            else live += 1;
          }
        }
      };
      await ask();
      await ask();
      for (const [index, [now, isAsked]] of steps.entries()) {
        if (now.do === 'sell') {
          for (const minute of now.minutes) sell(world, TODAY + minute, index + minute);
          await world.deliver(index, now.blocks);
        } else if (now.do === 'sell late') {
          sell(world, now.minute, index);
          await world.deliver(index, 1);
        } else if (now.do === 'void') {
          world.void(now.index);
          await world.deliver(index, 1);
        } else if (now.do === 'replay') await world.replay(now.how, now.seed, 2);
        else if (now.do === 'slip through') await world.slipThrough(now.seed);
        else if (now.do === 'merge')
          await clickhouse.command(`OPTIMIZE TABLE silver.purchases${now.wholly ? ' FINAL' : ''}`);
        else if (now.do === 'move branch') await world.move(now.branch, now.country);
        else if (now.do === 'mutate')
          await clickhouse.command(
            "ALTER TABLE silver.purchases UPDATE currency = 'EUR' WHERE units > 0 SETTINGS mutations_sync = 2",
          );
        else if (now.do === 'rebuild') await rebuildSilver(clickhouse, SHOP);
        else if (now.do === 'drop') {
          await clickhouse.command('ALTER TABLE silver.purchases DROP PARTITION 2025');
          await world.replay('by another consumer group', index, 1);
        } else if (now.do === 'seal')
          await sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + WORLD_MINUTES * 240_000 });
        if (isAsked) await ask();
      }
      await ask();
    }),
    { numRuns: RUNS },
  );
  console.log(`  ${live} answers followed the feed, ${read} were read`);
  // How many there are is chance: what rewrites the table makes them be read.
  expect(live).toBeGreaterThan((live + read) / 8);
});

test('an answer has all that was there before it was asked for, and nothing that was not', {
  timeout: 300_000,
}, async () => {
  const { clickhouse, world } = await begin();
  const { asked, counted } = counting(clickhouse);
  const gold = openGold(counted, SHOP, OPTIONS);
  const ask = async () => (await readKpis(gold, ALL, THRESHOLD)).purchases;
  const first = await ask();
  let [begun, done, running] = [0, 0, true];
  const until = async (work: (index: number) => Promise<unknown>) => {
    for (let index = 0; running; index++) await work(index);
  };
  let live = 0;
  const read = async () => {
    for (let i = 0; i < 300; i++) {
      const [before, statements] = [done, asked.length];
      const purchases = (await ask()) - first;
      expect(purchases).toBeGreaterThanOrEqual(before);
      expect(purchases).toBeLessThanOrEqual(begun);
      if (!asked.slice(statements).includes('kpis')) live += 1;
    }
    running = false;
  };
  await Promise.all([
    read(),
    until(async (index) => {
      sell(world, TODAY + (index % 600), index);
      begun += 1;
      await world.deliver(index, 1);
      done += 1;
      // What is there already, once more.
      if (index % 5 === 0) await world.slipThrough(index);
    }),
    until(async (index) => {
      await clickhouse
        .command(`OPTIMIZE TABLE silver.purchases${index % 3 === 0 ? ' FINAL' : ''}`)
        .catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }),
  ]);
  console.log(`  ${live} of 300 answers followed the feed, while ${done} sales came in`);
  expect(live).toBeGreaterThan(30);
});
