import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { sealStale } from '@tillstream/clickhouse/seal';
import { runSealer } from '@tillstream/clickhouse/sealer';
import { z } from 'zod';
import { startOwnEngine } from '../support/own-engine.ts';
import { measurePostgres } from './kpis-postgres.ts';
import { type FromFacts, kpiQuestions } from './kpis-questions.ts';
import { sellMeanwhile } from './sales-meanwhile.ts';
import { fillCatalog, fillSilver, type Seed } from './seeded-purchases.ts';
import { percentile } from './statistics.ts';

const numbers = (setting: string, otherwise: string) => (process.env[setting] ?? otherwise).split(',').map(Number);

const SIZES = numbers('BENCH_PURCHASES', '1000000,10000000');
const BRANCHES = numbers('BENCH_BRANCHES', '3');
/** Postgres is asked the same up to this many purchases. */
const [POSTGRES_UP_TO = 0] = numbers('BENCH_POSTGRES_UP_TO', '1000000');
/** How often each question is asked; 0 only fills and seals. */
const [TIMES = 20] = numbers('BENCH_TIMES', '20');
/** The pause (ms) after each time: with a long one each answer finds something new. */
const [PAUSE_MS = 0] = numbers('BENCH_PAUSE', '0');
/** Sales a second that come in while the questions are asked. */
const [RATE = 0] = numbers('BENCH_RATE', '20');
/** So many seconds after a sale it is voided, one in a hundred: later ones are in folds already. */
const [VOID_AFTER = 0] = numbers('BENCH_VOID_AFTER', '2.5');
/** The shortest pause of the sealer between two rounds, in which it may take a tenth of the time: 30 s in a shop. */
const [SEALER_PAUSE_MS = 0] = numbers('BENCH_SEALER_PAUSE', '30000');
/** A question is asked so often, with a pause before each, until its folds are there; they are made in a tenth of the time. */
const WARM_UPS = 6;
const FOLDING_MS = 2_000;
/** Only the questions whose name holds this. */
const ONLY = process.env.BENCH_ONLY ?? '';
/** An engine's folder that stays and is not filled again, to measure the same facts with other code. */
const KEEP = process.env.BENCH_KEEP;

const SHOP = { SHOP_TIMEZONE: 'UTC', BUSINESS_DAY_START: '00:00' };
const UNTIL = Date.UTC(2025, 10, 20);
/** The middle of the last day: half a day of it is sealed by slots only, as today is. */
const NOW = UNTIL - 43_200_000;

/**
 * Every question at each size of silver and number of branches, while sales come in: from gold (p50, p99, CPU; the longer of
 * the first two, before there is a fold, by itself), where that makes sense from the same facts FINAL and from Postgres, and from a view that sums, with the error it makes.
 */
export const run = async (): Promise<void> => {
  const middles = new Map<string, number[]>();
  for (const branches of BRANCHES) {
    for (const purchases of SIZES) {
      await withEngine(`${purchases}-${branches}`, async (clickhouse, cpuMs, isFilled) => {
        const seed = { purchases, branches, customers: 1_000_000, products: 50, until: UNTIL };
        console.log(`\n${purchases.toLocaleString('en')} purchases, ${branches} branches, 3 years`);
        await prepare(clickhouse, seed, isFilled);
        if (TIMES === 0) return;
        await questions(clickhouse, seed, cpuMs, middles);
        if (!isFilled) await summed(clickhouse);
      });
    }
  }
  compareSizes(middles);
};

const withEngine = async (
  name: string,
  work: (clickhouse: ClickHouse, cpuMs: () => number, isFilled: boolean) => Promise<void>,
): Promise<void> => {
  const { clickhouse, cpuSeconds, stop } = await startOwnEngine(
    'bench',
    KEEP === undefined ? undefined : path.join(KEEP, name),
  );
  try {
    const { filled } = await clickhouse.row({
      name: 'filled',
      sql: "SELECT count() AS filled FROM system.parts WHERE active AND database = 'silver' AND table = 'purchases'",
      row: z.object({ filled: z.int() }),
    });
    await work(clickhouse, () => cpuSeconds() * 1000, filled > 0);
  } finally {
    await stop();
  }
};

const prepare = async (clickhouse: ClickHouse, seed: Seed, isFilled: boolean): Promise<void> => {
  await migrateClickHouse(clickhouse, undefined, SHOP);
  if (!isFilled) {
    await timed('fill silver', () => fillSilver(clickhouse, seed));
    await fillCatalog(clickhouse, seed);
    // What is merged for good stays sealed, however often the folder is used.
    if (KEEP !== undefined) await timed('merge silver', () => mergeSilver(clickhouse));
  }
  const seal = () => sealStale(clickhouse, { shop: SHOP, now: NOW, graceMs: 0 });
  await timed('seal everything', seal);
  await timed('a round that finds nothing to seal', seal);
  for (const { what, bytes } of await space(clickhouse)) {
    console.log(`  ${what.padEnd(24)} ${(bytes / seed.purchases).toFixed(1)} bytes per purchase`);
  }
};

/** Makes each year of silver one part. Of a large one it takes longer than a request may: it is asked until it is done. */
const mergeSilver = async (clickhouse: ClickHouse): Promise<void> => {
  const row = z.object({ year: z.string(), parts: z.int() });
  const sql = `SELECT partition_id AS year, count() AS parts FROM system.parts
               WHERE active AND database = 'silver' AND table = 'purchases' GROUP BY year HAVING parts > 1`;
  for (;;) {
    const [several] = await clickhouse.rows({ name: 'parts', sql, row });
    if (several === undefined) return;
    await clickhouse
      .command(`OPTIMIZE TABLE silver.purchases PARTITION ${several.year} FINAL`)
      .catch(() => sleep(1_000));
  }
};

const questions = async (
  clickhouse: ClickHouse,
  seed: Seed,
  cpuMs: () => number,
  middles: Map<string, number[]>,
): Promise<void> => {
  const gold = openGold(clickhouse, SHOP);
  const asked = kpiQuestions(gold, UNTIL).filter(({ what }) => what.includes(ONLY));
  const postgres =
    seed.purchases <= POSTGRES_UP_TO
      ? await measurePostgres(
          seed,
          asked.flatMap(({ fromFacts }) => fromFacts ?? []),
        )
      : new Map<FromFacts, number>();
  const selling = new AbortController();
  const sales = sellMeanwhile(clickhouse, seed, {
    from: NOW,
    recordedFrom: UNTIL,
    rate: RATE,
    voidAfter: VOID_AFTER,
    signal: selling.signal,
  });
  const sealing = sealMeanwhile(clickhouse, selling.signal);
  for (const { what, gold: ask, fromFacts } of asked) {
    // From the second time on that it is asked, it is folded behind its back.
    const first = Math.max(...(await times(ask, 2)));
    for (let i = 0; i < WARM_UPS; i++) {
      await sleep(FOLDING_MS);
      await ask();
    }
    const before = cpuMs();
    const ours = await times(ask, TIMES, PAUSE_MS);
    const cpu = ((cpuMs() - before) / TIMES).toFixed(0).padStart(5);
    const p50 = percentile(ours, 50);
    middles.set(what, [...(middles.get(what) ?? []), p50]);
    let others = '';
    if (fromFacts !== undefined) {
      const facts = await times(() => readFacts(clickhouse, fromFacts), seed.purchases > 20_000_000 ? 2 : 5);
      others = `  FINAL p50 ${ms(facts, 50)}  ${(percentile(facts, 50) / p50).toFixed(1)}×`;
      const there = postgres.get(fromFacts);
      if (there !== undefined) others += `  Postgres ${ms([there], 50)}  ${(there / p50).toFixed(1)}×`;
    }
    console.log(
      `  ${what.padEnd(40)} p50 ${ms(ours, 50)}  p99 ${ms(ours, 99)}  slowest ${ms(ours, 100)}  cpu ${cpu} ms  the first two ${ms([first], 50)}${others}`,
    );
  }
  selling.abort();
  await sealing;
  console.log(`  meanwhile ${await sales} sales came in`);
  await compareWithFacts(clickhouse);
};

/** As in a shop; its CPU is in the figures. */
const sealMeanwhile = (clickhouse: ClickHouse, signal: AbortSignal): Promise<void> =>
  runSealer(clickhouse, {
    shop: SHOP,
    now: () => NOW,
    graceMs: 0,
    pauseMs: SEALER_PAUSE_MS,
    failed: (error) => {
      throw error;
    },
    signal,
  });

/** The error of ours: the main figures of all time beside the same from the facts, when no sale comes in. */
const compareWithFacts = async (clickhouse: ClickHouse): Promise<void> => {
  const ours = await readKpis(openGold(clickhouse, SHOP, { fewFacts: 0 }), { from: 0, to: Date.UTC(2100, 0, 1) }, 3);
  const facts = await clickhouse.row({
    name: 'facts',
    sql: `SELECT count() AS purchases, sum(units) AS items, sum(total_minor) AS revenue_minor,
            groupBitmapIf(customer_number, customer_number != 0) AS unique_customers FROM gold.purchases`,
    row: z.object({ purchases: z.int(), items: z.int(), revenue_minor: z.int(), unique_customers: z.int() }),
    timeoutSeconds: 300,
  });
  const wrong = Object.entries(facts).filter(([figure, value]) => ours[figure as keyof typeof ours] !== value);
  console.log(`  ours against the facts: ${wrong.length} of ${Object.keys(facts).length} figures wrong`);
};

/** What a view that sums would say, had it seen every insert: it counts a repeat twice. */
const summed = async (clickhouse: ClickHouse): Promise<void> => {
  await clickhouse.command('DROP TABLE IF EXISTS silver.bench_sums SYNC');
  await clickhouse.command(
    `CREATE TABLE silver.bench_sums ENGINE = SummingMergeTree ORDER BY (slot, branch_id) AS
     SELECT slot, branch_id, sum(sign) AS purchases, sum(sign * total_minor) AS revenue_minor
     FROM (SELECT slot, branch_id, total_minor, if(status = 'recorded', 1, -1) AS sign FROM silver.purchases) GROUP BY slot, branch_id`,
  );
  const row = z.object({ purchases: z.int() });
  const query = { name: 'sums', sql: 'SELECT sum(purchases) AS purchases FROM silver.bench_sums', row };
  const took = await times(() => clickhouse.row(query), TIMES);
  const given = await clickhouse.row(query);
  const truth = await clickhouse.row({ name: 'truth', sql: 'SELECT count() AS purchases FROM gold.purchases', row });
  const off = ((given.purchases / truth.purchases - 1) * 100).toFixed(2);
  console.log(
    `  ${'a view that sums, purchases of all time'.padEnd(40)} p50 ${ms(took, 50)}  says ${given.purchases}: ${off} % wrong`,
  );
};

const readFacts = (clickhouse: ClickHouse, { clickhouse: sql }: FromFacts) =>
  clickhouse.rows({ name: 'facts', sql, row: z.looseObject({}), timeoutSeconds: 300 });

const compareSizes = (middles: ReadonlyMap<string, readonly number[]>): void => {
  if (SIZES.length < 2) return;
  for (const [place, branches] of BRANCHES.entries()) {
    console.log(`\np50 at ${SIZES.at(-1)} against ${SIZES[0]} purchases, ${branches} branches`);
    for (const [what, values] of middles) {
      const here = values.slice(place * SIZES.length, (place + 1) * SIZES.length);
      console.log(`  ${what.padEnd(40)} ${((here.at(-1) ?? 0) / (here[0] ?? 1)).toFixed(1)}×`);
    }
  }
};

const space = (clickhouse: ClickHouse) =>
  clickhouse.rows({
    name: 'space',
    sql: `SELECT concat(database, '.', table) AS what, sum(bytes_on_disk) AS bytes FROM system.parts
          WHERE active AND database IN ('silver', 'gold') AND (table = 'purchases' OR startsWith(table, 'sealed')) GROUP BY what ORDER BY what`,
    row: z.object({ what: z.string(), bytes: z.int() }),
  });

const times = async (work: () => Promise<unknown>, count: number, pauseMs = 0): Promise<number[]> => {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await work();
    took.push(performance.now() - began);
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return took;
};

const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
  const [took = 0] = await times(work, 1);
  console.log(`  ${what}: ${(took / 1000).toFixed(2)} s`);
};

const ms = (values: readonly number[], p: number): string => `${percentile(values, p).toFixed(0).padStart(5)} ms`;
