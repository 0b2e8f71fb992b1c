import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { runSealer } from '@tillstream/clickhouse/seal/sealer';

import { expect, test } from 'vitest';
import { boundsOf } from './bounds.ts';
import { engineOfThisFile, SHOP } from './engine.ts';
import type { Sale } from './model.ts';
import { neverLookingAgain } from './mutants.ts';
import { NAMED_QUESTIONS } from './questions.ts';
import { BRANCHES, type Event, emptyWorld, THRESHOLD, WORLD_BEGINS, World } from './world.ts';

const SECONDS = Number(process.env.PROPERTY_SECONDS ?? 25);
/** A minute of the world each second: a quarter of an hour ends every 15 s. */
const SPEED = 60;
const DAY = 86_400_000;
const NOW_DAY = 20;

const engine = engineOfThisFile();

/** When a version of a purchase was sent and when it was acknowledged (as `performance.now()` has it). */
interface Told {
  event: Event['data'];
  sent: number;
  acknowledged: number;
}

/** Notes what goes into bronze and when. */
class Ledger {
  readonly told = new Map<string, Told>();

  /** A connection whose inserts are noted. */
  noting(clickhouse: ClickHouse): ClickHouse {
    return {
      ...clickhouse,
      insert: async (table, rows) => {
        const sent = performance.now();
        const entries = rows.flatMap(({ payload }) => {
          const { data } = JSON.parse(String(payload)) as Event;
          // What the catalog says is no sale.
          if (data.purchase_id === undefined) return [];
          const key = `${data.purchase_id}/${data.version}`;
          const entry = this.told.get(key) ?? { event: data, sent, acknowledged: Number.POSITIVE_INFINITY };
          this.told.set(key, entry);
          return [entry];
        });
        await clickhouse.insert(table, rows);
        for (const entry of entries) entry.acknowledged = Math.min(entry.acknowledged, performance.now());
      },
    };
  }

  /** Sales that count by their first versions for which `recorded` is true, unless `voided` is true of their second ones. */
  sales(recorded: (told: Told) => boolean, voided: (told: Told) => boolean): Sale[] {
    return [...this.told.values()].flatMap((told) => {
      const { event } = told;
      if (event.version > 1 || !recorded(told)) return [];
      const void_ = this.told.get(`${event.purchase_id}/2`);
      return [saleOf(event, void_ !== undefined && voided(void_))];
    });
  }
}

const saleOf = (event: Event['data'], voided: boolean): Sale => ({
  kind: 'sale',
  id: event.purchase_id,
  branch: event.branch_id,
  soldAt: Date.parse(event.sold_at),
  customer: event.customer?.number ?? 0,
  items: event.items.map((item) => ({
    product: item.product_id,
    quantity: item.quantity,
    net: item.net_minor,
  })),
  gross: event.gross_minor,
  voided,
  cashier: event.cashier ?? '',
  channel: event.channel,
  tenders: (event.tenders ?? []).map(({ type, amount_minor }) => ({ type, amount: amount_minor })),
});

/** What a question of the model needs to know of a world, from sales alone. */
const worldOf = (sales: readonly Sale[], world: World): World =>
  ({
    arrived: () => [...sales],
    countryOf: (branch: string) => world.countryOf(branch),
    categoryOf: (product: string) => world.categoryOf(product),
    loyalArrived: (branch: string | undefined, to: number) => {
      const moments = new Map<number, number[]>();
      for (const { customer, soldAt, voided, branch: where } of sales) {
        if (customer === 0 || voided || (branch !== undefined && where !== branch)) continue;
        moments.set(customer, [...(moments.get(customer) ?? []), soldAt]);
      }
      return [...moments.values()].filter((of) => (of.sort((a, b) => a - b)[THRESHOLD - 1] ?? to) < to).length;
    },
  }) as World;

/** A connection that answers the second time and from then on what it answered first: one reading, asked about several worlds. */
const remembering = (clickhouse: ClickHouse): ClickHouse => {
  const answers = new Map<string, Promise<unknown>>();
  const once = <Args extends [{ sql: string; params?: object }], Result>(work: (...args: Args) => Promise<Result>) =>
    ((...args: Args) => {
      const key = JSON.stringify([args[0].sql, args[0].params]);
      const answer = answers.get(key) ?? work(...args);
      answers.set(key, answer);
      return answer;
    }) as typeof work;
  return {
    ...clickhouse,
    rows: once(clickhouse.rows) as ClickHouse['rows'],
    row: once(clickhouse.row) as ClickHouse['row'],
  };
};

interface Found {
  /** Figures that were compared with their bounds. */
  compared: number;
  /** Answers that lacked something of two seconds before they were asked. */
  slow: number;
  /** Answers that lacked what was there when the last tick of a sealer began, or told what nobody had sent. */
  wrong: string[];
}

/**
 * Sales, late sales, voids, repeats, merges and an insert that fails now and then, two sealers, and questions all the while. Gives how many
 * figures were compared, and the answers that lie outside of what they may be.
 */
const live = async (
  seconds: number,
  sealing: (clickhouse: ClickHouse) => ClickHouse,
  enough: (found: Found) => boolean = () => false,
): Promise<Found> => {
  const { clickhouse } = engine();
  await emptyWorld(clickhouse);
  for (const table of ['spans', 'milestone_days', 'state']) await clickhouse.command(`TRUNCATE TABLE sealed.${table}`);
  const ledger = new Ledger();
  const world = new World(ledger.noting(clickhouse));
  let state = 7;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const began = Date.now();
  const now = () => WORLD_BEGINS + NOW_DAY * DAY + 9 * 3_600_000 + (Date.now() - began) * SPEED;
  const sell = (minute: number) =>
    world.sell({
      ...{ branch: next(2), minute, ms: next(60_000), customer: next(40), price: 99 },
      products: [next(4), next(4)],
      ...{ cashier: next(3), channel: next(2), tenders: next(4) },
    });
  const minuteNow = () => Math.floor((now() - WORLD_BEGINS) / 60_000);
  for (const product of [0, 1, 2]) await world.categorize(product, product);
  for (let i = 0; i < 400; i++) sell(next(minuteNow()));
  await world.deliver(1, 1);
  let sold = 400;

  const stopping = new AbortController();
  const began_ = [0, 0];
  const sealers = began_.map((_, index) =>
    runSealer(sealing(clickhouse), {
      shop: SHOP,
      everyMs: 250,
      proofEveryMs: 4_000,
      graceMs: 5 * SPEED * 1000,
      share: 1,
      now,
      ticked: (at) => {
        began_[index] = at;
      },
      failed: (error) => {
        throw error;
      },
      signal: stopping.signal,
    }),
  );
  while (began_.some((at) => at === 0)) await sleep(50);

  const until = async (work: () => Promise<unknown>, pauseMs: number) => {
    while (!stopping.signal.aborted) {
      await work();
      await sleep(pauseMs);
    }
  };
  const selling = until(async () => {
    for (let i = 0; i <= next(3); i++, sold++) sell(minuteNow());
    for (let i = 0; i <= next(2); i++, sold++) sell(next(minuteNow()));
    if (next(2) === 0) world.void(next(sold));
    if (next(40) === 0) await world.deliverInVain('silver.zzz_sabotage');
    await world.deliver(next(1000), 1 + next(2));
  }, 120);
  const merging = until(
    () =>
      clickhouse.command(
        `OPTIMIZE TABLE ${['silver.purchases', 'sealed.spans', 'silver.customer_milestones'][next(3)]}`,
      ),
    900,
  );

  const found: Found = { compared: 0, slow: 0, wrong: [] };
  const scopes = [
    () => ({ from: WORLD_BEGINS - 40 * DAY, to: WORLD_BEGINS + 70 * DAY }),
    () => ({ from: now() - 14 * DAY, to: WORLD_BEGINS + 70 * DAY }),
    () => ({ from: now() - (now() % DAY), to: now() }),
    () => ({ from: WORLD_BEGINS + next(19) * DAY + 420_001, to: now() - next(40) * 900_000 - 1 }),
  ];
  const reading = (async () => {
    const names = Object.keys(NAMED_QUESTIONS);
    for (let i = 0; !stopping.signal.aborted; i++) {
      const name = names[i % names.length] ?? 'kpis';
      const question = NAMED_QUESTIONS[name];
      if (question === undefined) throw new Error(name);
      const branch = next(3) === 0 ? BRANCHES[next(2)] : undefined;
      const scope = { ...(scopes[next(scopes.length)] ?? scopes[0])?.(), branch } as { from: number; to: number };
      const asked = performance.now();
      const settled = Math.min(...began_);
      const connection = remembering(clickhouse);
      const gold = openGold(connection, SHOP, { shareMs: 0 });
      const { given } = await question(gold, connection, worldOf([], world), scope);
      const came = performance.now();
      const within = async (known: number) => {
        const least = ledger.sales(
          (told) => told.acknowledged < known,
          (told) => told.sent < came,
        );
        const most = ledger.sales(
          (told) => told.sent < came,
          (told) => told.acknowledged < known,
        );
        const [low, high] = await Promise.all(
          [least, most].map(async (sales) => (await question(gold, connection, worldOf(sales, world), scope)).expected),
        );
        return boundsOf(name, given, low, high);
      };
      const { compared, outside } = await within(settled);
      found.compared += compared;
      if (outside.length > 0) found.wrong.push(`${name} ${JSON.stringify(scope)}: ${outside.slice(0, 3).join('; ')}`);
      if ((await within(asked - 2_000)).outside.length > 0) found.slow += 1;
      await sleep(20);
    }
  })();
  for (const end = performance.now() + seconds * 1000; performance.now() < end && !enough(found); ) await sleep(100);
  stopping.abort();
  await Promise.all([...sealers, selling, merging, reading]);
  return found;
};

test('while sales, voids, repeats, merges and two sealers go on, each answer lies between what was there and what was sent', {
  timeout: 600_000,
}, async () => {
  const { compared, slow, wrong } = await live(SECONDS, (clickhouse) => clickhouse);
  console.log(`${compared} figures compared, ${wrong.length} answers outside, ${slow} lacked something of 2 s before`);
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(100 * SECONDS);
});

test('without the check of fingerprints answers lack what was there', { timeout: 600_000 }, async () => {
  const { wrong } = await live(120, neverLookingAgain, (found) => found.wrong.length > 0);
  expect(wrong.length).toBeGreaterThan(0);
});
