import type { ShopClock } from '@tillstream/clickhouse/calendar/shop-day';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { sealAll } from '@tillstream/clickhouse/seal/sealer';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnEngine, startOwnEngine } from '../support/own-engine.ts';
import type { ModelScope } from './model.ts';
import { NAMED_QUESTIONS } from './questions.ts';
import { type Basket, BRANCHES, emptyWorld, WORLD_BEGINS, WORLD_MINUTES, World } from './world.ts';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 4);
const SEED = process.env.PROPERTY_SEED === undefined ? undefined : Number(process.env.PROPERTY_SEED);

const CLOCKS: readonly ShopClock[] = [
  { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '04:00' },
  { SHOP_TIMEZONE: 'UTC', BUSINESS_DAY_START: '00:00' },
  { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '02:30' },
  { SHOP_TIMEZONE: 'Asia/Kathmandu', BUSINESS_DAY_START: '00:00' },
  { SHOP_TIMEZONE: 'Australia/Lord_Howe', BUSINESS_DAY_START: '02:00' },
];

/** Months and slots that are kept no longer lie in it, too. */
const DAY = 24 * 60;
const LONG_BEFORE = 120 * DAY;

const minute = fc.oneof(
  fc.integer({ min: 0, max: WORLD_MINUTES - 1 }),
  fc.integer({ min: -LONG_BEFORE, max: -1 }),
  // The night in which the clock is put back, and two hours of one day: where things meet.
  fc.integer({ min: 12 * DAY + 20 * 60, max: 13 * DAY + 4 * 60 }),
  fc.integer({ min: 5 * DAY + 600, max: 5 * DAY + 660 }),
);

const basket: fc.Arbitrary<Basket> = fc.record({
  branch: fc.nat({ max: 1 }),
  minute,
  ms: fc.constantFrom(0, 1, 59_999),
  customer: fc.nat({ max: 6 }),
  products: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 }),
  price: fc.constantFrom(0, 99, 150),
});

/** A border by grain: 0 milliseconds, 1 slots, 2 business days, 3 before or after everything. */
interface Border {
  minute: number;
  grain: number;
  after: boolean;
}
const border: fc.Arbitrary<Border> = fc.record({ minute, grain: fc.nat({ max: 3 }), after: fc.boolean() });
const scope = fc.record({ from: border, to: border, branch: fc.integer({ min: -1, max: 1 }) });

let engine: OwnEngine;
beforeAll(async () => {
  engine = await startOwnEngine('borders');
  await migrateClickHouse(engine.clickhouse, undefined, CLOCKS[0]);
});
afterAll(() => engine.stop());

test('every question has the answer of the model, whatever its borders and wherever the horizon is', async () => {
  const { clickhouse } = engine;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...CLOCKS),
      fc.array(basket, { minLength: 30, maxLength: 80, size: 'max' }),
      fc.array(fc.nat({ max: 200 }), { maxLength: 8 }),
      fc.option(minute, { freq: 6 }),
      fc.array(scope, { minLength: 3, maxLength: 3 }),
      async (clock, baskets, voids, sealedAt, scopes) => {
        await emptyWorld(clickhouse);
        for (const table of ['spans', 'milestone_days', 'state'])
          await clickhouse.command(`TRUNCATE TABLE sealed.${table}`);
        await migrateClickHouse(clickhouse, undefined, clock);
        const world = new World(clickhouse);
        await world.move(0, 1);
        for (const each of baskets) world.sell(each);
        for (const index of voids) world.void(index);
        await world.deliver(1, 2);
        if (sealedAt !== null) {
          await sealAll(clickhouse, { shop: clock, now: WORLD_BEGINS + sealedAt * 60_000, graceMs: 0 });
        }
        const gold = openGold(clickhouse, clock, { shareMs: 0 });
        const instantOf = ({ minute, grain, after }: Border) => {
          const at = WORLD_BEGINS + minute * 60_000;
          if (grain === 3) return after ? Date.UTC(2027, 0, 1) : WORLD_BEGINS - LONG_BEFORE * 60_000 - 86_400_000;
          if (grain === 2) return gold.calendar.dayStart(gold.calendar.dayOf(at));
          return grain === 1 ? Math.floor(at / 900_000) * 900_000 : at + 1;
        };
        const asked: ModelScope[] = scopes.map(({ from, to, branch }) => {
          const name = BRANCHES[branch];
          return { from: instantOf(from), to: instantOf(to), ...(name === undefined ? {} : { branch: name }) };
        });
        // All time, which is asked otherwise.
        asked.push(
          { from: 0, to: Date.UTC(2026, 5, 1) },
          { from: 0, to: instantOf({ minute: 5, grain: 0, after: true }), branch: BRANCHES[0] },
        );
        for (const scope of asked) {
          for (const [name, ask] of Object.entries(NAMED_QUESTIONS)) {
            // Hours of half a century are of no interest.
            if (scope.from === 0 && /series|loyal_customers/.test(name)) continue;
            const { given, expected } = await ask(gold, clickhouse, world, scope);
            expect(given, `${name} ${JSON.stringify(scope)}`).toEqual(expected);
          }
        }
      },
    ),
    {
      numRuns: RUNS,
      seed: SEED,
      endOnFailure: true,
      // Without the sales themselves, which the seed brings back.
      reporter: ({ failed, seed, errorInstance }) => {
        if (failed) throw new Error(`PROPERTY_SEED=${seed}`, { cause: errorInstance });
      },
    },
  );
}, 600_000);
