import { connectClickHouse } from '@tillstream/clickhouse/client';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { sealContext } from '@tillstream/clickhouse/seal/context';
import { sealAll } from '@tillstream/clickhouse/seal/sealer';
import { type Seen, tick } from '@tillstream/clickhouse/seal/tick';
import { expect, test } from 'vitest';
import { engineOfThisFile, SHOP } from './engine.ts';
import { NAMED_QUESTIONS } from './questions.ts';
import { WORLD_BEGINS, WORLD_MINUTES, World } from './world.ts';

const engine = engineOfThisFile();

const TABLES = {
  silver: ['purchases', 'customers', 'customer_branches', 'customer_milestones', 'products', 'branches'],
  sealed: ['spans', 'milestone_days', 'state'],
};

test('sealer and questions work behind Distributed names, questions as one who may only read', {
  timeout: 300_000,
}, async () => {
  const { clickhouse, url } = engine();
  for (const [database, tables] of Object.entries(TABLES)) {
    await clickhouse.command(`CREATE DATABASE ${database}_shard`);
    for (const table of tables) {
      await clickhouse.command(`RENAME TABLE ${database}.${table} TO ${database}_shard.${table}`);
      await clickhouse.command(
        `CREATE TABLE ${database}.${table} AS ${database}_shard.${table} ENGINE = Distributed('tillstream', '${database}_shard', '${table}', rand())`,
      );
    }
  }
  const reader = connectClickHouse(`${url}?clickhouse_setting_readonly=2`, 'reader');
  await expect(reader.command('CREATE DATABASE not_for_readers')).rejects.toThrow(/readonly/i);

  const world = new World(clickhouse);
  const now = WORLD_BEGINS + WORLD_MINUTES * 60_000;
  const sell = (count: number, minuteOf: (nth: number) => number) => {
    for (let nth = 0; nth < count; nth++)
      world.sell({
        branch: nth % 2,
        minute: minuteOf(nth),
        ms: 0,
        customer: nth % 23,
        products: [nth % 4, 2],
        price: 99,
        ...{ cashier: nth % 3, channel: nth % 2, tenders: nth % 4 },
      });
  };
  const ask = async () => {
    const gold = openGold(reader, SHOP, { shareMs: 0 });
    const scopes = [
      { from: WORLD_BEGINS - 86_400_000, to: now + 86_400_000 },
      { from: WORLD_BEGINS + 86_460_000, to: now - 3_600_001, branch: 'SMKT001' },
    ];
    for (const [name, question] of Object.entries(NAMED_QUESTIONS)) {
      for (const scope of scopes) {
        const { given, expected } = await question(gold, reader, world, scope);
        expect(given, name).toEqual(expected);
      }
    }
  };
  await world.move(0, 1);
  await world.categorize(2, 1);
  sell(300, (nth) => (nth * 7_919) % WORLD_MINUTES);
  await world.deliver(1, 2);
  await sealAll(clickhouse, { shop: SHOP, now: now - 7_200_000 });
  await ask();

  const seen: Seen = { arrivals: new Map() };
  const advance = () => tick(sealContext(clickhouse, SHOP), seen, { now, graceMs: 0 });
  await advance();
  sell(5, (nth) => nth * 2_880 + 700);
  world.void(17);
  await world.deliver(2, 1);
  await advance();
  await ask();
  await reader.close();
});
