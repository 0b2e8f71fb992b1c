import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { count, locationSettings, settingsOrExit } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { seeded } from '../generate/random.ts';
import { drawWeighted } from '../generate/shop.ts';
import { tillApi } from './api.ts';
import { Tally } from './tally.ts';
import { Till } from './till.ts';

const USAGE =
  'Usage: npm run tills -- [--rate 2] [--seconds N] [--branch ID] [--url http://localhost:4000] [--seed N] [--anywhere]';

/** How long to wait for the API at the start, how often to report, and how long sales may still be sent at the end. */
const START_MS = 30_000;
const STATUS_MS = 10_000;
const DRAIN_MS = 1_500;

/** One till sends one sale at a time: from this many a second on, there are more tills. */
const SALES_PER_TILL = 25;
const TILLS_PER_BRANCH = 2;
const CUSTOMERS = 500;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};

const settings = settingsOrExit({
  POS_API_PORT: locationSettings.POS_API_PORT,
  /** A key of the API, where keys are on. */
  POS_API_KEY: z.string().optional(),
});

/** What to simulate; anything that is not understood is one line and exit 1. */
const optionsOrExit = () => {
  try {
    const { values } = parseArgs({
      options: {
        rate: { type: 'string' },
        seconds: { type: 'string' },
        branch: { type: 'string' },
        url: { type: 'string' },
        seed: { type: 'string' },
        anywhere: { type: 'boolean', default: false },
      },
    });
    return z
      .object({
        rate: z.coerce.number().positive().max(10_000).default(2),
        seconds: z.coerce.number().positive().max(2_000_000).optional(),
        branch: z.string().min(1).optional(),
        url: z.url({ protocol: /^https?$/ }).default(`http://localhost:${settings.POS_API_PORT}`),
        seed: count(1, 0, Number.MAX_SAFE_INTEGER),
        anywhere: z.boolean(),
      })
      .parse(values);
  } catch {
    return fail(USAGE);
  }
};

const options = optionsOrExit();
if (!options.anywhere && !LOOPBACK.test(new URL(options.url).hostname)) {
  fail(`${options.url} is not this machine: simulated sales would enter its figures for good. --anywhere means it.`);
}

/** No more sales after this; what is there is still sent. */
const closing = new AbortController();
/** Nothing more is sent after this. */
const stop = new AbortController();
// Every till listens to both.
setMaxListeners(0, closing.signal, stop.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => closing.abort());
closing.signal.addEventListener('abort', () => setTimeout(() => stop.abort(), DRAIN_MS).unref());

const api = tillApi(options.url, settings.POS_API_KEY);

/** Asks the API for catalog and branches until it answers or half a minute is over. */
const catalog = async () => {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      const [products, branches] = await Promise.all([api.products(closing.signal), api.branches(closing.signal)]);
      return { products, branches };
    } catch (error) {
      if (closing.signal.aborted) process.exit(0);
      if (Date.now() > deadline) {
        // fetch says only that it failed; why is in the cause.
        const cause = error instanceof Error ? (error.cause ?? error) : error;
        const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
        const reason = String(code ?? (cause instanceof Error ? cause.message : cause));
        return fail(`The POS API at ${options.url} is not there after 30 s: ${reason}`);
      }
    }
    await sleep(500, undefined, { signal: closing.signal }).catch(() => process.exit(0));
  }
};

const { products, branches } = await catalog();
const open = options.branch === undefined ? branches : branches.filter((id) => id === options.branch?.toUpperCase());
if (products.length === 0) fail('There is nothing to sell: the POS API knows no products.');
if (open.length === 0)
  fail(options.branch === undefined ? 'The POS API knows no branches.' : `Unknown branch: ${options.branch}`);

const random = seeded(options.seed);
const tally = new Tally();
const tillCount = Math.max(open.length * TILLS_PER_BRANCH, Math.ceil(options.rate / SALES_PER_TILL));
const tills = Array.from({ length: tillCount }, (_, index) => {
  // Every branch has its tills; those that a high rate adds stand anywhere.
  const place =
    index < open.length * TILLS_PER_BRANCH
      ? index % open.length
      : drawWeighted(
          random,
          open.map(() => 1),
        );
  return new Till(
    {
      branch: open[place] ?? '',
      products,
      rate: options.rate / tillCount,
      seed: options.seed,
      customers: CUSTOMERS,
      random: seeded(options.seed + index + 1),
    },
    api,
    tally,
  );
});
const waiting = () => tills.reduce((sum, till) => sum + till.waiting, 0);

console.log(`${tillCount} tills in ${open.length} branches sell ${options.rate} purchases a second to ${options.url}.`);
const status = setInterval(() => console.log(tally.line(waiting())), STATUS_MS);
if (options.seconds !== undefined) setTimeout(() => closing.abort(), options.seconds * 1000).unref();

await Promise.all(tills.map((till) => till.run(closing.signal, stop.signal)));
clearInterval(status);
console.log(`Stopped. ${tally.line(waiting())}`);
process.exit(0);
