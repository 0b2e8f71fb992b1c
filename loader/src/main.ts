import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { locationSettings, postgresUrl, settingsOrExit, shopSettings } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { FileFault, load } from './load.ts';
import { isPassing } from './postgres.ts';
import { progressDisplay } from './progress.ts';
import { nothingLoaded, summaryText } from './summary.ts';

const USAGE = [
  'Usage: npm run load -- [--products FILE] [--branches FILE] --purchases FILE [--rejects FOLDER]   history: adds what is new',
  '       npm run load -- [--products FILE] [--branches FILE] [--rejects FOLDER]                    the catalog of today',
].join('\n');

const file = z.string().min(1);

/** The files to load; anything that is not understood is one line and exit 1. */
const optionsOrExit = () => {
  try {
    const { values } = parseArgs({
      options: {
        products: { type: 'string' },
        purchases: { type: 'string' },
        branches: { type: 'string' },
        rejects: { type: 'string' },
      },
    });
    return z
      .object({ products: file, purchases: file, branches: file, rejects: file })
      .partial()
      .refine(({ products, purchases, branches }) => (products ?? purchases ?? branches) !== undefined)
      .parse(values);
  } catch {
    console.error(USAGE);
    process.exit(1);
  }
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
  else if (isPassing(error)) console.error(`Postgres at ${host} cannot be reached (POSTGRES_URL or POSTGRES_PORT).`);
  else console.error(`The load failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
