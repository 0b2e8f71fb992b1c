import { setTimeout as delay } from 'node:timers/promises';
import { kpis } from '@tillstream/schemas/read-api';
import { newPlace, removePlace, type Stack, startStack } from '../../support/stack.ts';
import { line, milliseconds, percentile } from '../statistics.ts';
import { openLoop, othersOf } from './http-load.ts';

const CONNECTIONS = 64;
const RATES = [250, 500, 1_000, 1_500, 2_000, 3_000, 4_000];
/** Not measured: code that is being compiled, statements that are being planned. */
const WARM_UP_RATE = 100;
const WARM_UP_SECONDS = 5;
const FRESH_MS = 1_000;
/** A look costs the stack as much as a viewer. */
const LOOK_MS = 50;
const CATCH_UP_MS = 20_000;

/** The whole stack: rising rates of purchases, until they no longer are in the figures within a second (p95). */
export const benchPath = async (seconds: number): Promise<void> => {
  console.log('The whole stack, from the 201 to GET /api/kpis');
  const place = await newPlace();
  const stack = await startStack(place, ['--empty']);
  try {
    const warmUp = await openLoop(stack.posApi, CONNECTIONS, WARM_UP_RATE, WARM_UP_SECONDS);
    // Counted, not read from the figures: those of the warm-up may still be on their way.
    let soldBefore = warmUp.answeredAt.length;
    let sustained = 0;
    for (const rate of RATES) {
      const { isSustained, text, sold } = await step(stack, rate, seconds, soldBefore);
      line(`${rate}/s for ${seconds} s`, text);
      if (!isSustained) break;
      sustained = rate;
      soldBefore += sold;
    }
    line('highest rate with a freshness p95 under 1 s', `${sustained} purchases/s`);
  } finally {
    await stack.stop();
    removePlace(place);
  }
};

const step = async (
  stack: Stack,
  rate: number,
  seconds: number,
  soldBefore: number,
): Promise<{ isSustained: boolean; text: string; sold: number }> => {
  const shown = async () => kpis.parse(await (await fetch(`${stack.dashboard}/api/kpis`)).json()).purchases;
  const seen: { purchases: number; at: number }[] = [];
  let looking = true;
  const look = async () => {
    while (looking) {
      const purchases = await shown().catch(() => undefined);
      if (purchases !== undefined) seen.push({ purchases: purchases - soldBefore, at: performance.now() });
      await delay(LOOK_MS);
    }
  };
  const looked = look();
  const load = await openLoop(stack.posApi, CONNECTIONS, rate, seconds);
  const sold = load.answeredAt.length;
  const deadline = performance.now() + CATCH_UP_MS;
  while ((seen.at(-1)?.purchases ?? 0) < sold && performance.now() < deadline) await delay(LOOK_MS);
  looking = false;
  await looked;

  // The n-th purchase that was answered is in the figure when the figure has grown by n.
  let next = 0;
  const freshness = load.answeredAt.map((at, n) => {
    while (next < seen.length && (seen[next]?.purchases ?? 0) < n + 1) next += 1;
    const look = seen[next];
    return look ? Math.max(0, look.at - at) : CATCH_UP_MS;
  });
  const achieved = sold / load.seconds;
  const isSustained =
    percentile(freshness, 95) < FRESH_MS && achieved > rate * 0.95 && Object.keys(load.others).length === 0;
  return {
    isSustained,
    sold,
    text: `${achieved.toFixed(0)} purchases/s, freshness ${milliseconds(freshness)}; API ${milliseconds(load.latencies)}${othersOf(load)}`,
  };
};
