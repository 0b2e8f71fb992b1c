import { openGold } from '@tillstream/clickhouse/gold';
import { rebuildSilver } from '@tillstream/clickhouse/schema/rebuild';
import { sealStale } from '@tillstream/clickhouse/seal';
import { expect, test } from 'vitest';
import { engineOfThisFile, SHOP } from './engine.ts';
import { QUESTIONS } from './questions.ts';
import { WORLD_BEGINS, WORLD_MINUTES, World } from './world.ts';

const KILLS = Number(process.env.PROPERTY_KILLS ?? 2);

const engine = engineOfThisFile();

test('an engine that is killed in the middle of inserts, seals and rebuilds tells no wrong figure afterwards', {
  timeout: 600_000,
}, async () => {
  const { clickhouse } = engine();
  const world = new World(clickhouse);
  const scope = { from: WORLD_BEGINS - 86_400_000, to: WORLD_BEGINS + WORLD_MINUTES * 60_000 + 86_400_000 };
  const seal = () => sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + WORLD_MINUTES * 240_000, daysAtOnce: 2 });
  const golds = [
    openGold(clickhouse, SHOP, { fewFacts: 0, fewOpenFacts: 0 }),
    openGold(clickhouse, SHOP, { fewFacts: 0 }),
    openGold(clickhouse, SHOP, { fewFacts: 0, folding: 'always' }),
    openGold(clickhouse, SHOP),
  ];
  let interrupted = 0;
  let sold = 0;
  for (let round = 0; round < KILLS; round++) {
    for (let i = 0; i < 200; i++, sold++) {
      const minute = (sold * 7_919) % WORLD_MINUTES;
      world.sell({ branch: sold % 2, minute, ms: sold % 3, customer: sold % 40, products: [sold % 4], price: 99 });
    }
    const works = [
      () => world.deliver(round, 20),
      seal,
      ...(round % 2 === 0 ? [] : [() => rebuildSilver(clickhouse, SHOP)]),
    ];
    const outcomes = Promise.allSettled(works.map((work) => work()));
    // Later in each round: what is under way differs.
    await new Promise((resolve) => setTimeout(resolve, 60 + round * 140));
    await engine().kill();
    interrupted += (await outcomes).filter(({ status }) => status === 'rejected').length;
    await world.look();
    await expectTruth(golds, world, scope);
    // What a killed rebuild left behind, and what was not acknowledged, comes in with the next try.
    if (round % 2 === 1) await rebuildSilver(clickhouse, SHOP);
    await world.deliver(round, 2);
    await world.look();
    await seal();
    await expectTruth(golds, world, scope);
  }
  expect(interrupted).toBeGreaterThan(0);
  console.log(`${KILLS} kills, ${interrupted} pieces of work interrupted, no figure wrong`);
});

const expectTruth = async (
  golds: readonly ReturnType<typeof openGold>[],
  world: World,
  scope: { from: number; to: number },
): Promise<void> => {
  for (const question of QUESTIONS) {
    const answers = await Promise.all(golds.map((gold) => question(gold, engine().clickhouse, world, scope)));
    for (const { given, expected } of answers) expect(given).toEqual(expected);
  }
};
