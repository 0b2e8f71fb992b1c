import { setTimeout as sleep } from 'node:timers/promises';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { rebuildSilver } from '@tillstream/clickhouse/schema/rebuild';
import { sealAll } from '@tillstream/clickhouse/seal/sealer';
import { expect, test } from 'vitest';
import { engineOfThisFile, SHOP } from './engine.ts';
import { NAMED_QUESTIONS } from './questions.ts';
import { views } from './views.ts';
import { WORLD_BEGINS, WORLD_MINUTES, World } from './world.ts';

const KILLS = Number(process.env.PROPERTY_KILLS ?? 2);

const engine = engineOfThisFile();

test('an engine that is killed in the middle of inserts, seals and rebuilds tells no wrong figure afterwards', {
  timeout: 600_000,
}, async () => {
  const { clickhouse } = engine();
  const world = new World(clickhouse);
  const scope = { from: WORLD_BEGINS - 86_400_000, to: WORLD_BEGINS + WORLD_MINUTES * 60_000 + 86_400_000 };
  const seal = (round: number) =>
    sealAll(clickhouse, { shop: SHOP, now: WORLD_BEGINS + WORLD_MINUTES * 60_000 + round * 3_600_000 });
  let interrupted = 0;
  let sold = 0;
  for (let round = 0; round < KILLS; round++) {
    for (let i = 0; i < 200; i++, sold++) {
      const minute = (sold * 7_919) % WORLD_MINUTES;
      world.sell({ branch: sold % 2, minute, ms: sold % 3, customer: sold % 40, products: [sold % 4], price: 99 });
    }
    const works = [
      () => world.deliver(round, 20),
      () => seal(round),
      ...(round % 2 === 0 ? [] : [() => rebuildSilver(clickhouse, SHOP)]),
    ];
    const outcomes = Promise.allSettled(works.map((work) => work()));
    // Later in each round: what is under way differs.
    await sleep(60 + round * 140);
    await engine().kill();
    interrupted += (await outcomes).filter(({ status }) => status === 'rejected').length;
    // What a killed rebuild left behind, and what was not acknowledged, comes in with the next try.
    if (round % 2 === 1) await rebuildSilver(clickhouse, SHOP);
    await world.deliver(round, 2);
    await seal(round + 1);
    const gold = openGold(clickhouse, SHOP, { shareMs: 0 });
    for (const question of [...Object.values(NAMED_QUESTIONS), views]) {
      const { given, expected } = await question(gold, clickhouse, world, scope);
      expect(given).toEqual(expected);
    }
  }
  expect(interrupted).toBeGreaterThan(0);
  console.log(`${KILLS} kills, ${interrupted} pieces of work interrupted, no figure wrong`);
});
