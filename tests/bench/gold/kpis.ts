import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { z } from 'zod';
import { startOwnEngine } from '../../support/own-engine.ts';
import { sellMeanwhile } from '../sales/sales-meanwhile.ts';
import type { Seed } from '../sales/seed.ts';
import { percentile } from '../statistics.ts';
import { compareWithFacts } from './against-facts.ts';
import { measurePostgres } from './kpis-postgres.ts';
import { type FromFacts, type KpiQuestion, kpiQuestions } from './kpis-questions.ts';
import { measureIdleTick, sealMeanwhile } from './sealer-cost.ts';
import { measureShownAfter } from './shown-after.ts';
import { prepare, printSpace, SHOP, seedOf } from './world.ts';

const numbers = (setting: string, otherwise: string) => (process.env[setting] ?? otherwise).split(',').map(Number);

const SIZES = numbers('BENCH_PURCHASES', '1000000,10000000');
const BRANCHES = numbers('BENCH_BRANCHES', '20');
/** Postgres is asked the same up to this many purchases; 0: it is not. */
const [POSTGRES_UP_TO = 0] = numbers('BENCH_POSTGRES_UP_TO', '0');
/** How often each question is asked; 0 only fills and seals. */
const [TIMES = 300] = numbers('BENCH_TIMES', '300');
/** The pause (ms) before each time. */
const [PAUSE_MS = 300] = numbers('BENCH_PAUSE', '300');
/** How often the same is asked of the views of gold. */
const [VIEW_TIMES = 0] = numbers('BENCH_VIEW_TIMES', String(Math.ceil(TIMES / 10)));
/** How often the same is asked of the facts. */
const [FACTS_TIMES = 3] = numbers('BENCH_FACTS_TIMES', '3');
/** Sales a second that come in while the questions are asked. */
const [RATE = 20] = numbers('BENCH_RATE', '20');
/** So many seconds after a sale it is voided, one in a hundred. */
const [VOID_AFTER = 0] = numbers('BENCH_VOID_AFTER', '2.5');
/** How many changes of the past of each kind are waited for until they are shown. */
const [CHANGES = 30] = numbers('BENCH_CHANGES', '30');
/** Only the questions whose name holds this. */
const ONLY = process.env.BENCH_ONLY ?? '';
/** An engine's folder that stays and is not filled again, to measure the same facts with other code. */
const KEEP = process.env.BENCH_KEEP;

/** What one question took, in ms. */
interface Measured {
  question: KpiQuestion;
  /** The first time it was asked, nothing being read ahead of it. */
  first: number;
  took: number[];
  /** CPU of the engine meanwhile; sales and seals are in it. */
  cpu: number;
  views: number[];
  facts: number[];
}

/**
 * Every question at each size of silver and number of branches, while sales come in and are sealed: from gold, from the views of gold in
 * SQL, from the facts FINAL and from Postgres; what the sealer costs, and how soon a change of the past is shown.
 */
export const run = async (): Promise<void> => {
  for (const branches of BRANCHES) {
    const middles: Map<string, number>[] = [];
    for (const purchases of SIZES) {
      const kept = KEEP === undefined ? undefined : path.join(KEEP, `${purchases}-${branches}`);
      const { clickhouse, cpuSeconds, stop } = await startOwnEngine('bench', kept);
      try {
        console.log(`\n${purchases.toLocaleString('en')} purchases, ${branches} branches, 3 years`);
        middles.push(await measure(clickhouse, seedOf(purchases, branches), () => cpuSeconds() * 1000));
      } finally {
        await stop();
      }
    }
    if (middles.length > 1) compareSizes(branches, middles);
  }
};

const measure = async (clickhouse: ClickHouse, seed: Seed, cpuMs: () => number): Promise<Map<string, number>> => {
  const from = await prepare(clickhouse, seed, cpuMs);
  await printSpace(clickhouse, seed.purchases);
  if (TIMES === 0) return new Map();
  const asked = kpiQuestions(from).filter(({ what }) => what.includes(ONLY));
  const postgres = await askPostgres(seed, asked);

  const selling = await sellMeanwhile(clickhouse, seed, { from, rate: RATE, voidAfter: VOID_AFTER });
  const sealing = await sealMeanwhile(clickhouse, selling.now);
  sealing.begin();
  const measured = await askInRounds(clickhouse, asked, cpuMs);
  sealing.print();
  await askViewsAndFacts(clickhouse, measured);
  await measureShownAfter(openGold(clickhouse, SHOP), selling, CHANGES);
  const now = selling.now();
  const sold = await selling.stop();
  await sealing.stop();

  for (const found of measured) print(found, postgres);
  await measureIdleTick(clickhouse, cpuMs, now);
  console.log(`  meanwhile ${sold} sales came in`);
  await compareWithFacts(clickhouse, now);
  return new Map(measured.map(({ question, took }) => [question.what, percentile(took, 50)]));
};

/** One round after the other, so that a slow minute of the machine meets all questions, and each finds what the others' time brought. */
const askInRounds = async (
  clickhouse: ClickHouse,
  questions: readonly KpiQuestion[],
  cpuMs: () => number,
): Promise<Measured[]> => {
  const measured: Measured[] = [];
  for (const question of questions) {
    const first = await time(() => question.gold(openGold(clickhouse, SHOP)));
    measured.push({ question, first, took: [], cpu: 0, views: [], facts: [] });
  }
  const gold = openGold(clickhouse, SHOP);
  for (let round = 0; round < TIMES; round++) {
    for (const found of measured) {
      await sleep(PAUSE_MS);
      const before = cpuMs();
      found.took.push(await time(() => found.question.gold(gold)));
      found.cpu += (cpuMs() - before) / TIMES;
    }
  }
  return measured;
};

/** What others pay for the same. */
const askViewsAndFacts = async (clickhouse: ClickHouse, measured: readonly Measured[]): Promise<void> => {
  for (const { question, views, facts } of measured) {
    const ask = (sql: string) =>
      time(() => clickhouse.rows({ name: 'bench', sql, row: z.looseObject({}), timeoutSeconds: 300 }));
    for (let n = 0; question.view !== undefined && n < VIEW_TIMES; n++) views.push(await ask(question.view));
    for (let n = 0; question.fromFacts !== undefined && n < FACTS_TIMES; n++)
      facts.push(await ask(question.fromFacts.clickhouse));
  }
};

const askPostgres = async (seed: Seed, asked: readonly KpiQuestion[]): Promise<ReadonlyMap<FromFacts, number>> =>
  seed.purchases <= POSTGRES_UP_TO
    ? measurePostgres(
        seed,
        asked.flatMap(({ fromFacts }) => fromFacts ?? []),
      )
    : new Map();

const print = (
  { question, first, took, cpu, views, facts }: Measured,
  postgres: ReadonlyMap<FromFacts, number>,
): void => {
  const { what, fromFacts } = question;
  const p50 = percentile(took, 50);
  const there = fromFacts && postgres.get(fromFacts);
  const others = [
    ...(views.length > 0 ? [`as SQL p50 ${ms(percentile(views, 50))} p99 ${ms(percentile(views, 99))}`] : []),
    ...(facts.length > 0 ? [`FINAL ${ms(percentile(facts, 50))} ${(percentile(facts, 50) / p50).toFixed(1)}×`] : []),
    ...(there !== undefined ? [`Postgres ${ms(there)} ${(there / p50).toFixed(1)}×`] : []),
  ];
  console.log(
    `  ${what.padEnd(40)} p50 ${ms(p50)}  p99 ${ms(percentile(took, 99))}  slowest ${ms(percentile(took, 100))}  first ${ms(first)}  cpu ${ms(cpu)}  ${others.join('  ')}`,
  );
};

const compareSizes = (branches: number, middles: readonly Map<string, number>[]): void => {
  console.log(`\np50 at ${SIZES.at(-1)} against ${SIZES[0]} purchases, ${branches} branches`);
  for (const [what, smallest] of middles[0] ?? []) {
    console.log(`  ${what.padEnd(40)} ${((middles.at(-1)?.get(what) ?? Number.NaN) / smallest).toFixed(1)}×`);
  }
};

const time = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

const ms = (value: number): string => `${value.toFixed(0).padStart(4)} ms`;
