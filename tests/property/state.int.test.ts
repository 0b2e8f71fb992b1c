import { shopDaySql } from '@tillstream/clickhouse/calendar/shop-day';
import { firstOfWeek, firstOfWeekSql } from '@tillstream/clickhouse/cover';
import { sealStale } from '@tillstream/clickhouse/seal';
import {
  readSealState,
  type SealedKind,
  type SealState,
  stillTheSame,
  withoutChanged,
} from '@tillstream/clickhouse/seal-state';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { engineOfThisFile, SHOP } from './engine.ts';
import { WORLD_BEGINS, World } from './world.ts';

const KINDS = ['spans', 'products'] as const;

const engine = engineOfThisFile();
const day = shopDaySql(SHOP);

/** A world whose one customer buys one product in the first branch. */
const newShop = () => {
  const { clickhouse } = engine();
  const world = new World(clickhouse);
  const sell = async (minute: number) => {
    world.sell({ branch: 0, minute, ms: 0, customer: 1, products: [1], price: 99 });
    await world.deliver(1, 1);
  };
  return { clickhouse, world, sell };
};

test('a state is the same while sales come in on open days, and another one after anything else', {
  timeout: 120_000,
}, async () => {
  const { clickhouse, world, sell } = newShop();
  const seal = () => sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + 3 * 86_400_000 });
  const read = async () =>
    new Map(await Promise.all(KINDS.map(async (of) => [of, await readSealState(clickhouse, day, of)] as const)));
  const compare = (states: Map<SealedKind, SealState>) =>
    Promise.all([...states].map(([of, state]) => stillTheSame(clickhouse, day, of, state)));

  await world.move(0, 1);
  await sell(600);
  await sell(4 * 1440);
  await seal();
  let states = await read();
  expect(await compare(states)).toEqual([...states.values()]);

  await sell(4 * 1440 + 1);
  expect(await compare(states)).toEqual([...(await read()).values()]);

  await world.move(0, 2);
  const [spans, products] = await compare(states);
  expect([spans === undefined, products]).toEqual([false, undefined]);

  await sell(601);
  expect(await compare(states)).toEqual([undefined, undefined]);
  states = await read();
  await seal();
  expect(await compare(states)).toEqual([undefined, undefined]);
  states = await read();
  await sell(10 * 1440);
  expect(await compare(states)).toEqual([undefined, undefined]);
});

test('a state that was found broken goes on without the days that have changed, and without what holds them', {
  timeout: 120_000,
}, async () => {
  const { clickhouse, sell } = newShop();
  for (let sold = 0; sold < 70; sold += 10) await sell(sold * 1440 + 600);
  await sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + 100 * 86_400_000 });
  for (const of of KINDS) {
    const before = await readSealState(clickhouse, day, of);
    expect(await withoutChanged(clickhouse, day, of, before)).toBeUndefined();
    await sell(20 * 1440 + 601);
    const narrowed = await withoutChanged(clickhouse, day, of, before);
    const read = await readSealState(clickhouse, day, of);
    // Spans have no weeks and products no years, and none is asked for of them.
    const levels = of === 'spans' ? { openWeeks: narrowed?.openWeeks } : { openYears: narrowed?.openYears };
    expect(narrowed).toEqual({ ...read, ...levels, seals: narrowed?.seals });
    expect([narrowed?.openWeeks.size, narrowed?.openYears.size].map((size = 0) => size > 0)).toEqual([true, true]);
    expect(narrowed?.openDays.size).toBe(before.openDays.size + 1);
    expect(await stillTheSame(clickhouse, day, of, narrowed ?? before)).toBeUndefined();
    await sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + 100 * 86_400_000 });
    expect((await readSealState(clickhouse, day, of)).seals).not.toEqual(read.seals);
  }
});

test('weeks begin in SQL on the days on which they begin here, and are sealed when they are over', {
  timeout: 120_000,
}, async () => {
  const first = Date.UTC(2023, 11, 1) / 86_400_000;
  const { clickhouse } = engine();
  const { starts } = await clickhouse.row({
    name: 'weeks',
    sql: `SELECT groupArray(toUInt16(${firstOfWeekSql('day')})) AS starts FROM (SELECT toDate(${first} + number) AS day FROM numbers(800) ORDER BY day)`,
    row: z.object({ starts: z.array(z.int()) }),
  });
  expect(starts).toEqual(Array.from({ length: 800 }, (_, index) => firstOfWeek(first + index)));

  const world = new World(clickhouse);
  for (const day of [0, 5, 12, 20])
    world.sell({ branch: 1, minute: day * 1440 + 600, ms: 0, customer: 2, products: [2], price: 99 });
  await world.deliver(1, 1);
  const openWeeks = async () => (await readSealState(clickhouse, day, 'products')).openWeeks;
  const weekOf = (day: number) => firstOfWeek(WORLD_BEGINS / 86_400_000 + day);
  expect([...(await openWeeks())]).toContain(weekOf(5));
  // In the middle of the week of the last sale.
  await sealStale(clickhouse, { shop: SHOP, now: WORLD_BEGINS + 22 * 86_400_000 });
  expect([...(await openWeeks())]).toEqual([weekOf(20)]);
});
