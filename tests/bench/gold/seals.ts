import { setTimeout as sleep } from 'node:timers/promises';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { openGold } from '@tillstream/clickhouse/questions/gold';
import { rebuildGold } from '@tillstream/clickhouse/seal/rebuild';
import { startOwnEngine } from '../../support/own-engine.ts';
import { sellMeanwhile } from '../sales/sales-meanwhile.ts';
import { line } from '../statistics.ts';
import { compareWithFacts } from './against-facts.ts';
import { readWhile } from './read-while.ts';
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

    // Until forty days ago: no late sale comes in there.
    const past = { from: 0, to: Math.floor(from / DAY) * DAY - 40 * DAY };
    const figures = () => readKpis(openGold(clickhouse, SHOP), past, 3);
    await printTime(
      'rebuild of gold while sales come in',
      () => readWhile('main figures meanwhile', figures, rebuildGold(clickhouse, SHOP)),
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
