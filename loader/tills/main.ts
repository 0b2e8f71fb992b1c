import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { count, locationSettings, settingsOrExit, shopSettings } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { MOST_PER_HOUR, perHour, WEB_BRANCH } from '../generate/demo/pace.ts';
import { DEMO_CUSTOMERS } from '../generate/demo/shop.ts';
import { seeded } from '../generate/random.ts';
import { drawWeighted } from '../generate/shop.ts';
import { offsetOf } from '../src/purchases/times.ts';
import { tillApi } from './api.ts';
import { Tally } from './tally.ts';
import { Till } from './till.ts';

const USAGE =
  'Usage: npm run tills -- [--rate SALES_A_SECOND] [--seconds N] [--branch ID] [--url http://localhost:4000] [--seed N] [--anywhere]';

/** How long to wait for the API at the start, how often to report, and how long sales may still be sent at the end. */
const START_MS = 30_000;
const STATUS_MS = 10_000;
const DRAIN_MS = 1_500;

/** One till sends one sale at a time: from this many a second on, there are more tills. */
const SALES_PER_TILL = 25;
const TILLS_PER_BRANCH = 2;
/** What is sold and what it costs is asked for so often. */
const CATALOG_MS = 60_000;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};

const settings = settingsOrExit({
  POS_API_PORT: locationSettings.POS_API_PORT,
  SHOP_TIMEZONE: shopSettings.SHOP_TIMEZONE,
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
        // Absent: the pace of the demo shop at this hour.
        rate: z.coerce.number().positive().max(10_000).optional(),
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

const { products: first, branches } = await catalog();
let products = first;
const open = options.branch === undefined ? branches : branches.filter((id) => id === options.branch?.toUpperCase());
if (products.length === 0) fail('There is nothing to sell: the POS API knows no products.');
if (open.length === 0)
  fail(options.branch === undefined ? 'The POS API knows no branches.' : `Unknown branch: ${options.branch}`);

const random = seeded(options.seed);
const tally = new Tally();
const offset = offsetOf(settings.SHOP_TIMEZONE);
const shopTime = () => Date.now() + offset(Date.now());
const common = {
  products: () => products,
  shopTime,
  seed: options.seed,
  customers: DEMO_CUSTOMERS,
};

/** One till for each branch and the web shop, at the pace of the demo's history at this hour of the shop's clock. */
const isOpen = perHour('pos', WEB_BRANCH, shopTime()) > 0;
const tillsOfTheHour = () =>
  [...open.map((branch) => ({ branch, channel: 'pos' as const })), { branch: WEB_BRANCH, channel: 'web' as const }]
    .filter(({ branch }) => open.includes(branch))
    .map((place, index) => {
      const rate = () => perHour(place.channel, place.branch, shopTime()) / 3600;
      // Whoever has just started it sees a sale at once: from a branch, at night from the web shop.
      const sellsAtOnce = place.branch === WEB_BRANCH && (place.channel === 'pos') === isOpen;
      const drawn = { random: seeded(options.seed + index + 1), rate, mostRate: MOST_PER_HOUR / 3600, sellsAtOnce };
      return new Till({ ...common, ...place, ...drawn }, api, tally);
    });

const tillsOfRate = (rate: number) => {
  const tillCount = Math.max(open.length * TILLS_PER_BRANCH, Math.ceil(rate / SALES_PER_TILL));
  return Array.from({ length: tillCount }, (_, index) => {
    // Every branch has its tills; those that a high rate adds stand anywhere.
    const place =
      index < open.length * TILLS_PER_BRANCH
        ? index % open.length
        : drawWeighted(
            random,
            open.map(() => 1),
          );
    const drawn = {
      random: seeded(options.seed + index + 1),
      rate: () => rate / tillCount,
      mostRate: rate / tillCount,
    };
    return new Till({ ...common, ...drawn, branch: open[place] ?? '', channel: 'pos' }, api, tally);
  });
};

const tills = options.rate === undefined ? tillsOfTheHour() : tillsOfRate(options.rate);
if (tills.length === 0) fail('None of these branches is one of the demo shop: say how much they sell with --rate.');
const waiting = () => tills.reduce((sum, till) => sum + till.waiting, 0);

const pace = options.rate === undefined ? 'at the pace of the demo shop' : `${options.rate} purchases a second`;
console.log(`${tills.length} tills in ${open.length} branches sell ${pace} to ${options.url}.`);
setInterval(async () => {
  products = await api.products(closing.signal).catch(() => products);
}, CATALOG_MS).unref();
const status = setInterval(() => console.log(tally.line(waiting())), STATUS_MS);
if (options.seconds !== undefined) setTimeout(() => closing.abort(), options.seconds * 1000).unref();

await Promise.all(tills.map((till) => till.run(closing.signal, stop.signal)));
clearInterval(status);
console.log(`Stopped. ${tally.line(waiting())}`);
process.exit(0);
