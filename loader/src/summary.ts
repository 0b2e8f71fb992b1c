import { currencyDecimals, fromMinor } from '@tillstream/schemas/values/money';
import type { CatalogSummary } from './catalog/load-catalog.ts';
import type { RejectCounts } from './files/reasons.ts';
import type { LoadSummary } from './load.ts';

/** Rejected rows of the catalog that are named one by one; more than that are in the file. */
const NAMED_ROWS = 10;

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** So many names are named, the others counted. */
const someOf = (names: readonly string[]) =>
  names.length > NAMED_ROWS ? `${names.slice(0, NAMED_ROWS).join(', ')}, …` : names.join(', ');

/** Whether there were purchases and not one of them is in the system. */
export const nothingLoaded = ({ loaded, duplicates, rejected }: LoadSummary): boolean =>
  rejected > 0 && loaded + duplicates === 0;

/** Rejected rows by reason, the most frequent first. */
const reasonLines = (reasons: RejectCounts): string[] =>
  Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `  ${whole.format(count).padStart(9)}  ${reason}`);

const catalogLines = ({
  path,
  what,
  entries,
  changed,
  otherPrices,
  rejected,
  rejects,
  extra,
}: CatalogSummary): string[] => {
  const lines = [`${path}: ${entries} ${what}, ${changed} new or changed, ${rejected.length} rows rejected.`];
  if (otherPrices > 0) {
    lines.push(
      `  ${otherPrices} cost something else today, which stays: npm run load -- --products ${path} alone sets today's prices.`,
    );
  }
  if (extra.length > 0) lines.push(`  Columns that are not used: ${extra.join(', ')}`);
  for (const { line, reason } of rejected.slice(0, NAMED_ROWS)) lines.push(`  line ${line}: ${reason}`);
  if (rejects !== undefined) lines.push(`  Rejected rows and their reasons: ${rejects}`);
  return lines;
};

const purchasesLines = (summary: LoadSummary): string[] => {
  const { rows, loaded, duplicates, rejected, rejects, seconds, retries, interrupted } = summary;
  const counts = `${whole.format(loaded)} loaded, ${whole.format(duplicates)} duplicates, ${whole.format(rejected)} rejected`;
  if (summary.loadedBefore !== undefined) {
    const when = summary.loadedBefore.toISOString().slice(0, 16).replace('T', ' ');
    return [
      `Done: this very file was loaded at ${when} UTC and is not read again. Its ${whole.format(rows)} rows: ${counts}.`,
    ];
  }
  const word = interrupted ? 'Stopped' : summary.check ? 'Checked, nothing is changed' : 'Done';
  const amount = `${fromMinor(summary.amountMinor, currencyDecimals(summary.currency))} ${summary.currency}`;
  const lines = [
    `${word}: ${whole.format(rows)} rows read, ${counts}, ` +
      `in ${seconds.toFixed(1)} s (${whole.format(rows / Math.max(seconds, 0.001))} rows/s).`,
    `${summary.check ? 'Purchases to load' : 'Purchases loaded'}: ${whole.format(summary.recorded)}, ${amount} in all.`,
  ];
  if (summary.returned > 0) {
    const back = `${fromMinor(summary.returnedMinor, currencyDecimals(summary.currency))} ${summary.currency}`;
    lines.push(
      `${summary.check ? 'Returns to load' : 'Returns loaded'}: ${whole.format(summary.returned)}, ${back} given back.`,
    );
  }
  if (retries > 0) {
    lines.push(
      `${whole.format(retries)} batches were sent again; what their first try had recorded counts as duplicates.`,
    );
  }
  const added = summary.check ? 'to be added' : 'now added';
  if (summary.newBranches.length > 0) {
    lines.push(`Branches that the file names and nobody knew, ${added}: ${someOf(summary.newBranches)}`);
  }
  if (summary.newProducts.length > 0) {
    lines.push(
      `Products that the file names and nobody knew, ${added}: ${whole.format(summary.newProducts.length)} (${someOf(summary.newProducts)})`,
    );
  }
  if (summary.extra.length > 0) lines.push(`Other columns, kept with each purchase: ${summary.extra.join(', ')}`);
  if (summary.unused.length > 0) lines.push(`Columns that the map does not use: ${summary.unused.join(', ')}`);
  if (rejected > 0) lines.push('Rejected, each row by its first reason:', ...reasonLines(summary.reasons));
  for (const { line, reason } of summary.examples) lines.push(`  line ${line}: ${reason}`);
  if (rejects !== undefined) lines.push(`Rejected rows and all their reasons: ${rejects}`);
  if (interrupted && summary.check) return lines;
  if (interrupted) lines.push('Run the same command again to continue: nothing is loaded twice.');
  else if (nothingLoaded(summary)) lines.push('Nothing could be loaded.');
  else if (rejected > 0 && !summary.check) lines.push('All other rows are loaded.');
  return lines;
};

/** What a load came to, for people. */
export const summaryText = (summary: LoadSummary): string =>
  [...summary.catalog.flatMap(catalogLines), ...(summary.file === undefined ? [] : purchasesLines(summary))].join('\n');
