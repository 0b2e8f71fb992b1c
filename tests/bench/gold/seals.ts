import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { rebuildGold } from '@tillstream/clickhouse/seal/rebuild';
import { startOwnEngine } from '../../support/own-engine.ts';
import { distribution, line } from '../statistics.ts';
import { compareWithFacts } from './against-facts.ts';
import { sellMeanwhile } from './sales-meanwhile.ts';
import { measureIdleTick, sealMeanwhile } from './sealer-cost.ts';
import { measureShownAfter } from './shown-after.ts';
import { prepare, printSpace, printTime, SHOP, seedOf } from './world.ts';

const PURCHASES = Number(process.env.BENCH_PURCHASES ?? 2_000_000);
const BRANCHES = Number(process.env.BENCH_BRANCHES ?? 20);
/** Sales a second; 0.5 % of them three weeks late, 1 % voided. */
const RATE = Number(process.env.BENCH_RATE ?? 1000);
/** How long sales come in without a sealer, and then with one. */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const CHANGES = Number(process.env.BENCH_CHANGES ?? 30);

const DAY = 86_400_000;
const LOOK_MS = 500;

/**
 * What sealing costs while sales come in at a rate: its share of a core, how soon a change of the past is shown, and what a tick costs that
 * finds nothing. Then gold is rebuilt while sales come in, and the figures of a period that none of them falls into are read meanwhile.
 */
export const run = async (): Promise<void> => {
  const { clickhouse, cpuSeconds, stop } = await startOwnEngine('bench');
  const cpuMs = () => cpuSeconds() * 1000;
  const seed = seedOf(PURCHASES, BRANCHES);
  try {
    console.log(
      `Sealing at ${RATE} purchases a second, ${PURCHASES.toLocaleString('en')} purchases before them, ${BRANCHES} branches`,
    );
    const from = await prepare(clickhouse, seed, cpuMs);
    await measureIdleTick(clickhouse, cpuMs, from);

    const selling = await sellMeanwhile(clickhouse, seed, { from, rate: RATE });
    const share = async (): Promise<number> => {
      const [before, began] = [cpuMs(), performance.now()];
      await sleep(SECONDS * 1000);
      return (100 * (cpuMs() - before)) / (performance.now() - began);
    };
    const without = await share();
    const sealing = await sealMeanwhile(clickhouse, selling.now);
    sealing.begin();
    const sealed = await share();
    sealing.print();
    line('the engine without a sealer, and with one', `${without.toFixed(1)} and ${sealed.toFixed(1)} % of a core`);
    await measureShownAfter(openGold(clickhouse, SHOP), selling, CHANGES);

    await printTime(
      'rebuild of gold while sales come in',
      () => readMeanwhile(clickhouse, from, rebuildGold(clickhouse, SHOP)),
      cpuMs,
    );
    const now = selling.now();
    line('sales that came in', String(await selling.stop()));
    await sealing.stop();
    await compareWithFacts(clickhouse, now);
    await printSpace(clickhouse, PURCHASES);
  } finally {
    await stop();
  }
};

/** Reads the main figures until some work is done: all that was sold until forty days before `now`, where no late sale comes in. */
const readMeanwhile = async (clickhouse: ClickHouse, now: number, work: Promise<unknown>): Promise<void> => {
  const gold = openGold(clickhouse, SHOP);
  const to = Math.floor(now / DAY) * DAY - 40 * DAY;
  const figures = async () => JSON.stringify(await readKpis(gold, { from: 0, to }, 3));
  const truth = await figures();
  const took: number[] = [];
  let wrong = 0;
  let working = true;
  const reading = (async () => {
    while (working) {
      const began = performance.now();
      if ((await figures()) !== truth) wrong++;
      took.push(performance.now() - began);
      await sleep(LOOK_MS);
    }
  })();
  await work.finally(() => {
    working = false;
  });
  await reading;
  console.log(distribution('  main figures meanwhile', took));
  line('of these wrong', String(wrong));
};
