import type { CatalogSummary } from './catalog/load-catalog.ts';
import type { RejectCounts } from './files/reasons.ts';
import type { LoadSummary } from './load.ts';

/** Rejected rows of the catalog that are named one by one; more than that are in the file. */
const NAMED_ROWS = 10;

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

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
  const lines = [
    `${interrupted ? 'Stopped' : 'Done'}: ${whole.format(rows)} rows read, ${counts}, ` +
      `in ${seconds.toFixed(1)} s (${whole.format(rows / Math.max(seconds, 0.001))} rows/s).`,
  ];
  if (retries > 0) {
    lines.push(
      `${whole.format(retries)} batches were sent again; what their first try had recorded counts as duplicates.`,
    );
  }
  if (summary.newBranches.length > 0) {
    lines.push(`Branches that the file names and nobody knew, now added: ${summary.newBranches.join(', ')}`);
  }
  if (summary.extra.length > 0) lines.push(`Other columns, kept with each purchase: ${summary.extra.join(', ')}`);
  if (rejected > 0) lines.push('Rejected, each row by its first reason:', ...reasonLines(summary.reasons));
  if (rejects !== undefined) lines.push(`Rejected rows and all their reasons: ${rejects}`);
  if (interrupted) lines.push('Run the same command again to continue: nothing is loaded twice.');
  else if (nothingLoaded(summary)) lines.push('Nothing could be loaded.');
  else if (rejected > 0) lines.push('All other rows are loaded.');
  return lines;
};

/** What a load came to, for people. */
export const summaryText = (summary: LoadSummary): string =>
  [...summary.catalog.flatMap(catalogLines), ...(summary.purchases === undefined ? [] : purchasesLines(summary))].join(
    '\n',
  );
