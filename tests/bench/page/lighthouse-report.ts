import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { browserFile } from '../../support/browser/browser.ts';

const execute = promisify(execFile);
/** Not a dependency: it is large and nothing else needs it. 12 is the last one for Node 20. */
const LIGHTHOUSE = 'lighthouse@12';
export const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;

/** The part of a report that is read. */
export interface Report {
  categories: Record<string, { score: number | null }>;
  audits: Record<string, { displayValue?: string; details?: { items?: unknown } }>;
}

/** Chromium now and then loses the beginning of its trace, and Lighthouse asks to be run again. */
const ATTEMPTS = 3;

/** Lighthouse's report of a page, as a phone sees it: its processor and network are simulated from an unthrottled load. */
export const reportOf = async (url: string, file: string, attempts = ATTEMPTS): Promise<Report> => {
  try {
    return await runOnce(url, file);
  } catch (error) {
    if (attempts === 1 || !String(error).includes('run Lighthouse again')) throw error;
    return reportOf(url, file, attempts - 1);
  }
};

const runOnce = async (url: string, file: string): Promise<Report> => {
  const flags = [
    '--headless=new',
    '--disable-background-networking',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
  await execute(
    'npx',
    [
      ...[
        '--yes',
        LIGHTHOUSE,
        url,
        '--quiet',
        '--output=json',
        `--output-path=${file}`,
        '--throttling-method=simulate',
      ],
      ...[`--only-categories=${CATEGORIES.join(',')}`, `--chrome-flags=${flags.join(' ')}`],
    ],
    { env: { ...process.env, CHROME_PATH: await browserFile() } },
  );
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
};

/** A category's score from 0 to 100; 0 where Lighthouse could not tell. */
export const scoreOf = ({ categories }: Report, category: string): number =>
  Math.round((categories[category]?.score ?? 0) * 100);

/** The tasks that kept a page busy for longer than 50 ms, the longest first: `253 ms chunk.js`. */
export const longTasks = ({ audits }: Report): string[] => {
  const { items } = audits['long-tasks']?.details ?? {};
  if (!Array.isArray(items)) return [];
  return (items as { duration: number; url: string }[]).map(
    ({ duration, url }) => `${Math.round(duration)} ms ${url.split('/').at(-1)}`,
  );
};
