import { type Gold, openGold } from '@tillstream/clickhouse/gold';
import { TOTALS, totalsRow } from '@tillstream/clickhouse/questions/figures';
import { sealStale } from '@tillstream/clickhouse/seal';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { engineOfThisFile, SHOP } from './engine.ts';
import { WORLD_BEGINS, WORLD_MINUTES, World } from './world.ts';

const READS = Number(process.env.PROPERTY_READS ?? 24);

const engine = engineOfThisFile();

/** One statement gives a figure twice: from the seals, and from the facts. Whatever moment it sees, both are of it. */
const FACTS = {
  facts: '(SELECT count() FROM gold.purchases)',
  facts_revenue: '(SELECT sum(total_minor) FROM gold.purchases)',
  facts_customers: '(SELECT uniqExactIf(customer_number, customer_number != 0) FROM gold.purchases)',
};
const columns = Object.entries(FACTS).map(([name, sql]) => `${sql} AS ${name}`);
const row = z.object({ ...totalsRow, facts: z.int(), facts_revenue: z.int(), facts_customers: z.int() });
const SQL = `SELECT *, ${columns.join(', ')} FROM (SELECT ${TOTALS} FROM period)`;

test('figures read while sales, voids, repeats, merges and seals go on are of one moment', {
  timeout: 600_000,
}, async () => {
  const { clickhouse } = engine();
  const world = new World(clickhouse);
  let random = 7;
  const next = (below: number) => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((random / 2 ** 32) * below);
  };
  const sell = (count: number, minuteOf: () => number) => {
    for (let i = 0; i < count; i++) {
      const basket = {
        branch: next(2),
        minute: minuteOf(),
        ms: next(60_000),
        customer: next(50),
        products: [next(4)],
        price: 99,
      };
      world.sell(basket);
    }
  };
  sell(500, () => next(WORLD_MINUTES));
  await world.deliver(1, 1);
  const seal = () => sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + WORLD_MINUTES * 240_000 });
  await seal();

  let deliveries = 0;
  let reading = true;
  const until = async (work: () => Promise<unknown>) => {
    while (reading) {
      await work();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  // From spans, and from folds that are remembered while their facts become others.
  const golds = [
    openGold(clickhouse, SHOP, { fewFacts: 0, fewOpenFacts: 0 }),
    openGold(clickhouse, SHOP, { fewFacts: 0, folding: 'always' }),
    openGold(clickhouse, SHOP, { fewFacts: 0, leftOut: { facts: 20, ms: 0 }, folding: 'always' }),
  ];
  const scope = { from: WORLD_BEGINS - 86_400_000, to: WORLD_BEGINS + WORLD_MINUTES * 60_000 + 86_400_000 };
  const seen = new Set<number>();
  const ask = async (i: number) => {
    const gold = golds[i % golds.length] as Gold;
    const scopes = { period: scope };
    if (i % 8 === 0) return gold.answer({ name: 'twice', scopes, coarsest: 'slot', sql: SQL, row });
    return (await gold.figures({ name: 'twice', scopes, also: FACTS })).map(({ also, ...figures }) =>
      row.parse({ ...figures, ...also }),
    );
  };
  const read = async () => {
    for (let i = 0; i < READS; i++) {
      const [found] = await ask(i);
      if (found === undefined) throw new Error('no row');
      expect([found.purchases, found.revenue_minor, found.unique_customers]).toEqual([
        found.facts,
        found.facts_revenue,
        found.facts_customers,
      ]);
      seen.add(found.revenue_minor);
    }
  };
  await Promise.all([
    read().finally(() => {
      reading = false;
    }),
    // Late sales to one day after the other, so that the others have time to be sealed, and to be believed.
    until(async () => {
      deliveries += 1;
      const day = Math.floor(deliveries / 8) % 28;
      sell(3, () => day * 1440 + next(1440));
      if (deliveries % 4 === 0) world.void(next(500));
      await world.deliver(next(1000), 2);
    }),
    until(seal),
    until(() => clickhouse.command('OPTIMIZE TABLE silver.purchases')),
  ]);
  // The reads did meet a moving target.
  expect(seen.size).toBeGreaterThan(READS / 8);
  console.log(`${READS} reads, ${seen.size} different moments, none wrong`);
});
