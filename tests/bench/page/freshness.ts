import { setTimeout as delay } from 'node:timers/promises';
import { kpis } from '@tillstream/schemas/read-api';
import { launchBrowser } from '../../support/browser/browser.ts';
import { newPlace, removePlace, startStack } from '../../support/stack.ts';
import { distribution } from '../statistics.ts';
import { sell } from './sell-steadily.ts';

const PURCHASES = 200;
const PER_SECOND = 5;
/** A look costs the stack as much as a viewer; a longer pause only makes the figures here larger. */
const API_POLL_MS = 50;

/**
 * From the 201 of a purchase to the new figure in `GET /api/kpis`, and to the pixel in a real browser: 200 purchases
 * at 5/s on average, at random moments, on the demo data. Both are seen by counting: the n-th purchase is there when the figure has
 * grown by n.
 */
export const run = async (): Promise<void> => {
  const place = await newPlace();
  const [stack, browser] = await Promise.all([startStack(place, ['--no-tills']), launchBrowser()]);
  try {
    const page = await browser.newPage();
    await page.goto(stack.dashboard);
    await page.waitForSelector('[data-testid="today-purchases"][data-value]');
    const onPage = Number(await page.getAttribute('[data-testid="today-purchases"]', 'data-value'));
    // The browser notes by itself when each value was painted; its clock is this machine's.
    await page.evaluate(`(() => {
      const seen = (window.seen = []);
      const look = () => {
        const value = Number(document.querySelector('[data-testid="today-purchases"]')?.dataset.value);
        if (seen.length === 0 || seen.at(-1)[0] !== value) seen.push([value, Date.now()]);
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    })()`);

    const inApi: [number, number][] = [];
    let polling = true;
    const poll = async () => {
      while (polling) {
        const response = await fetch(`${stack.dashboard}/api/kpis`);
        const { purchases } = kpis.parse(await response.json());
        if (inApi.at(-1)?.[0] !== purchases) inApi.push([purchases, Date.now()]);
        await delay(API_POLL_MS);
      }
    };
    const before = kpis.parse(await (await fetch(`${stack.dashboard}/api/kpis`)).json()).purchases;
    const polled = poll();

    const answered: number[] = [];
    const latency: number[] = [];
    for (let n = 0; n < PURCHASES; n++) {
      const began = performance.now();
      await sell(stack.posApi);
      answered.push(Date.now());
      latency.push(performance.now() - began);
      // At random moments: a fixed step would fall in with the pipeline's own, for better or worse.
      await delay(Math.max(0, (2000 / PER_SECOND) * Math.random() - (performance.now() - began)));
    }
    await delay(3_000);
    polling = false;
    await polled;
    const painted = (await page.evaluate('window.seen')) as [number, number][];

    console.log(
      `Freshness: ${PURCHASES} purchases at ${PER_SECOND}/s through ${stack.output().includes('No broker') ? 'the direct port' : 'Kafka'}`,
    );
    console.log(distribution('POST /v1/purchases', latency));
    console.log(distribution('201 → GET /api/kpis', delays(answered, before, inApi)));
    console.log(distribution('201 → painted in the browser', delays(answered, onPage, painted)));
  } finally {
    await Promise.all([stack.stop(), browser.close()]);
    removePlace(place);
  }
};

/** For each purchase, ms from its answer until the figure first included it. Throws when one never did. */
const delays = (answered: number[], before: number, seen: [number, number][]): number[] =>
  answered.map((at, n) => {
    const first = seen.find(([value]) => value >= before + n + 1);
    if (!first) throw new Error(`purchase ${n + 1} of ${answered.length} never came into the figure`);
    return Math.max(0, first[1] - at);
  });
