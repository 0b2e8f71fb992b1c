import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isUnavailable } from '@tillstream/pos-api/postgres/database';
import { locationSettings, postgresUrl, settingsOrExit, shopSettings } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { FileFault, load } from './load.ts';
import { progressDisplay } from './progress.ts';
import { nothingLoaded, summaryText } from './summary.ts';

const USAGE = [
  'Usage: npm run load -- [--products FILE] [--branches FILE] --purchases FILE           history, a row a purchase: adds what is new',
  '       npm run load -- [--branches FILE] --receipts FILE [--map FILE.yaml | PRESET]     history, a row a line item',
  '       npm run load -- [--products FILE] [--branches FILE]                              the catalog of today',
  '       with --check: only says what would happen; with --rejects FOLDER: where rejected rows go',
  '       presets: ventes, square-items, shopify-orders',
].join('\n');

const file = z.string().min(1);

/** The files to load; anything that is not understood is one line and exit 1. */
const optionsOrExit = () => {
  try {
    const { values } = parseArgs({
      options: {
        products: { type: 'string' },
        purchases: { type: 'string' },
        receipts: { type: 'string' },
        map: { type: 'string' },
        check: { type: 'boolean' },
        branches: { type: 'string' },
        rejects: { type: 'string' },
      },
    });
    return z
      .object({
        products: file,
        purchases: file,
        receipts: file,
        map: file,
        branches: file,
        rejects: file,
        check: z.boolean(),
      })
      .partial()
      .refine(
        ({ products, purchases, receipts, branches }) => (products ?? purchases ?? receipts ?? branches) !== undefined,
      )
      .refine(({ purchases, receipts }) => purchases === undefined || receipts === undefined)
      .refine(({ receipts, map }) => map === undefined || receipts !== undefined)
      .parse(values);
  } catch {
    console.error(USAGE);
    process.exit(1);
  }
};

/** Several addresses of one name that were tried are an error without a message. */
const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
};

const options = optionsOrExit();
const settings = settingsOrExit({
  ...shopSettings,
  ...locationSettings,
  TILLSTREAM_DATA: z.string().default('.tillstream'),
});
const url = postgresUrl(settings);

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

const display = progressDisplay(process.stderr.isTTY === true);
try {
  const summary = await load({
    ...options,
    postgresUrl: url,
    rejects: options.rejects ?? join(settings.TILLSTREAM_DATA, 'rejects'),
    timeZone: settings.SHOP_TIMEZONE,
    chainSince: settings.CHAIN_SINCE,
    onProgress: display.show,
    signal: stop.signal,
  });
  display.stop();
  console.log(summaryText(summary));
  // Exits by itself at the end of the file; after an interruption a batch may still be on its way.
  if (summary.interrupted) process.exit(130);
  if (nothingLoaded(summary)) process.exitCode = 1;
} catch (error) {
  display.stop();
  const { host } = new URL(url);
  if (error instanceof FileFault) console.error(error.message);
  else if (isUnavailable(error)) {
    console.error(`Postgres at ${host} cannot be used (POSTGRES_URL or POSTGRES_PORT): ${messageOf(error)}`);
  } else console.error(`The load failed: ${messageOf(error)}`);
  process.exit(1);
}
