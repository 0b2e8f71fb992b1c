import { parseArgs } from 'node:util';
import type { CDPSession } from 'playwright-core';
import { launchBrowser } from '../../support/browser/browser.ts';
import { newPlace, removePlace, startStack } from '../../support/stack.ts';
import { sellSteadily } from './sell-steadily.ts';

const PER_SECOND = 20;
const SAMPLE_SECONDS = 20;

/**
 * `npm run bench -- page [--minutes 20]`: one open overview while tills sell 20 purchases a second. The heap after a
 * collection every 20 s and its slope, and the frames that took longer than 100 ms, in all and in the last minute.
 */
export const run = async (): Promise<void> => {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { minutes: { type: 'string', default: '20' } },
  });
  const seconds = Math.round(Number(values.minutes) * 60);
  const place = await newPlace();
  const [stack, browser] = await Promise.all([startStack(place, ['--no-tills']), launchBrowser()]);
  try {
    const page = await browser.newPage();
    await page.goto(stack.dashboard);
    await page.waitForSelector('[data-testid="status"][data-value="live"]');
    await page.evaluate(`(() => {
      const frames = (window.longFrames = []);
      let last = performance.now();
      const look = (now) => {
        if (now - last > 100) frames.push([now, now - last]);
        last = now;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    })()`);
    const session = await page.context().newCDPSession(page);
    const heap: number[] = [];
    const selling = sellSteadily(stack.posApi, PER_SECOND, seconds);
    const sample = setInterval(() => void heapOf(session).then((bytes) => heap.push(bytes)), SAMPLE_SECONDS * 1000);
    await selling;
    clearInterval(sample);
    const now = Number(await page.evaluate('performance.now()'));
    const frames = (await page.evaluate('window.longFrames')) as [number, number][];
    const lastMinute = frames.filter(([at]) => at > now - 60_000).map(([, ms]) => Math.round(ms));
    const nodes = await page.evaluate('document.querySelectorAll("*").length');
    console.log(`Open page: ${values.minutes} min at ${PER_SECOND} purchases/s, ${nodes} elements at the end`);
    console.log(`heap after collection, MB: ${heap.map((bytes) => (bytes / 1e6).toFixed(1)).join(' ')}`);
    // The first minute fills caches.
    console.log(`slope after the first minute: ${(slopeOf(heap.slice(60 / SAMPLE_SECONDS)) / 1000).toFixed(1)} kB/min`);
    console.log(
      `frames over 100 ms: ${frames.length} in all, in the last minute ${lastMinute.length} ${lastMinute.join(' ')}`,
    );
  } finally {
    await Promise.all([stack.stop(), browser.close()]);
    removePlace(place);
  }
};

const heapOf = async (session: CDPSession): Promise<number> => {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
};

/** Bytes a minute, by least squares over the samples. */
const slopeOf = (samples: readonly number[]): number => {
  const n = samples.length;
  if (n < 2) return Number.NaN;
  const meanX = (n - 1) / 2;
  const meanY = samples.reduce((sum, value) => sum + value, 0) / n;
  const rise = samples.reduce((sum, value, x) => sum + (x - meanX) * (value - meanY), 0);
  const run = samples.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
  return (rise / run) * (60 / SAMPLE_SECONDS);
};
