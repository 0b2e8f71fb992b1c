import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { count, settingsOrExit, shopSettings } from '@tillstream/schemas/settings';
import { currencyDecimals } from '@tillstream/schemas/values/money';
import { z } from 'zod';
import { offsetOf } from '../src/purchases/times.ts';
import { DEMO_CUSTOMERS, DEMO_DAYS } from './demo/shop.ts';
import { defaultCustomers, generateDemo, generateFiles } from './files.ts';

const USAGE =
  'Usage: npm run generate -- [--purchases 2000] [--seed 1] [--days 31] [--until 2026-11-20T00:00:00] [--customers N] [--out FOLDER]\n' +
  '       npm run generate -- --demo [--seed 1] [--days 396] [--until …] [--out FOLDER]    receipts.csv of the demo shop';

const { SHOP_TIMEZONE, CURRENCY, TILLSTREAM_DATA } = settingsOrExit({
  SHOP_TIMEZONE: shopSettings.SHOP_TIMEZONE,
  CURRENCY: shopSettings.CURRENCY,
  TILLSTREAM_DATA: z.string().default('.tillstream'),
});

/** What to generate; anything that is not understood is one line and exit 1. */
const optionsOrExit = () => {
  try {
    const { values } = parseArgs({
      options: {
        purchases: { type: 'string' },
        seed: { type: 'string' },
        days: { type: 'string' },
        until: { type: 'string' },
        customers: { type: 'string' },
        demo: { type: 'boolean', default: false },
        out: { type: 'string' },
      },
    });
    return z
      .object({
        purchases: count(2000, 0, 1_000_000_000),
        seed: count(1, 0, Number.MAX_SAFE_INTEGER),
        days: z
          .string()
          .optional()
          .transform((text) => text || undefined)
          .pipe(count(0, 0, 36_525).optional()),
        demo: z.boolean(),
        // A moment of the shop's clock, so without a zone.
        until: z.iso
          .datetime({ local: true, offset: false })
          .or(z.iso.date())
          .refine((text) => !text.endsWith('Z'))
          .transform((text) => Date.parse(text.length === 10 ? text : `${text}Z`))
          .optional(),
        customers: z
          .string()
          .optional()
          .transform((text) => text || undefined)
          .pipe(count(0, 1, 1_000_000_000).optional()),
        out: z.string().min(1).default(join(TILLSTREAM_DATA, 'demo')),
      })
      .parse(values);
  } catch {
    console.error(USAGE);
    process.exit(1);
  }
};

const { out, demo, days, ...options } = optionsOrExit();
const now = Date.now();
const until = options.until ?? now + offsetOf(SHOP_TIMEZONE)(now);
const decimals = currencyDecimals(CURRENCY);
try {
  if (demo) {
    await generateDemo(out, {
      seed: options.seed,
      days: days ?? DEMO_DAYS,
      until,
      customers: DEMO_CUSTOMERS,
      decimals,
    });
    console.log(`The demo shop in ${((Date.now() - now) / 1000).toFixed(1)} s: ${out}`);
    process.exit(0);
  }
  const files = await generateFiles(out, {
    ...options,
    days: days ?? 31,
    until,
    customers: options.customers ?? defaultCustomers(options.purchases),
    decimals,
  });
  console.log(`${options.purchases} purchases in ${((Date.now() - now) / 1000).toFixed(1)} s: ${out}`);
  console.log(
    `To load them: npm run load -- --products ${files.products} --purchases ${files.purchases} --branches ${files.branches}`,
  );
} catch (error) {
  console.error(`The files could not be written: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
