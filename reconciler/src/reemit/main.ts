import { parseArgs } from 'node:util';
import { connectClickHouse } from '@tillstream/clickhouse/client';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import {
  clickhouseUrl,
  locationSettings,
  postgresUrl,
  settingsOrExit,
  shopSettings,
} from '@tillstream/schemas/settings';
import { z } from 'zod';
import { readMoment } from './period.ts';
import { type ReemitProgress, reemit } from './reemit.ts';

const USAGE =
  'Usage: npm run reemit -- --from DATE --to DATE [--branch BRANCH]   (DATE or instant; --to is not included)';

/** What to send again; anything that is not understood is one line and exit 1. */
const optionsOrExit = () => {
  try {
    const { values } = parseArgs({
      options: { from: { type: 'string' }, to: { type: 'string' }, branch: { type: 'string' } },
    });
    return z.object({ from: z.string(), to: z.string(), branch: z.string().min(1).optional() }).parse(values);
  } catch {
    console.error(USAGE);
    process.exit(1);
  }
};

const options = optionsOrExit();
const settings = settingsOrExit({ ...shopSettings, ...locationSettings });
const whole = new Intl.NumberFormat('en-US');
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const line = ({ sent, total }: ReemitProgress) =>
  `Sent again: ${whole.format(sent)} of ${whole.format(total)} purchases`;
const show = (progress: ReemitProgress) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${line(progress)}`);
};

const db = connectPostgres(postgresUrl(settings), 'reemit', 2);
const clickhouse = connectClickHouse(clickhouseUrl(settings), 'reemit');
try {
  const from = await readMoment(db, '--from', options.from, settings.SHOP_TIMEZONE);
  const to = await readMoment(db, '--to', options.to, settings.SHOP_TIMEZONE);
  if (from >= to) throw new Error('--from must lie before --to');
  const done = await reemit(db, clickhouse, { from, to, branch: options.branch }, show, stopping.signal);
  if (process.stderr.isTTY) process.stderr.write('\n');
  console.log(
    `${line(done)}; ${whole.format(done.differed)} were missing or other in ClickHouse. Before them ${whole.format(done.catalog)} products and branches.`,
  );
  if (stopping.signal.aborted) process.exitCode = 130;
} catch (error) {
  console.error(
    `Sending again failed: ${error instanceof Error && error.message ? error.message : 'a database cannot be reached'}`,
  );
  process.exitCode = 1;
} finally {
  await Promise.all([db.end(), clickhouse.close()]);
}
