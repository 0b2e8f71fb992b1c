import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { browserFile, launchBrowser } from '../support/browser.ts';
import { newPlace, removePlace, startStack } from '../support/stack.ts';

const execute = promisify(execFile);
/** Not a dependency: it is large and nothing else needs it. 12 is the last one for Node 20. */
const LIGHTHOUSE = 'lighthouse@12';
const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;
const METRICS = [
  'first-contentful-paint',
  'largest-contentful-paint',
  'total-blocking-time',
  'cumulative-layout-shift',
];
const PAGES = ['/', '/products', '/products/milk', '/customers', '/branches', '/pipeline', '/till'];

/** The part of a report that is read. */
interface Report {
  categories: Record<string, { score: number | null }>;
  audits: Record<string, { displayValue?: string }>;
}

/**
 * `npm run bench -- lighthouse [PAGE…]`: Lighthouse's scores of each page on demo data, as a phone with its slowed-down processor and network, and the JavaScript
 * that a first view loads.
 */
export const run = async (): Promise<void> => {
  const place = await newPlace();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-lighthouse-'));
  const stack = await startStack(place, ['--no-tills']);
  try {
    const wanted = process.argv.slice(3);
    for (const page of wanted.length > 0 ? wanted : PAGES) {
      // Read once before: what the server keeps is there, as it is for any but the first viewer.
      await fetch(`${stack.dashboard}${page}`).then((response) => response.arrayBuffer());
      const { categories, audits } = await reportOf(`${stack.dashboard}${page}`, path.join(folder, 'report.json'));
      const shown = CATEGORIES.map((category) => `${category} ${Math.round((categories[category]?.score ?? 0) * 100)}`);
      const { gzip, files } = await javascriptOf(`${stack.dashboard}${page}`);
      console.log(
        `${page.padEnd(16)} ${shown.join(', ')}; JavaScript ${(gzip / 1024).toFixed(1)} kB gzip in ${files} files`,
      );
      console.log(`  ${METRICS.map((metric) => `${metric} ${audits[metric]?.displayValue ?? '?'}`).join(', ')}`);
    }
  } finally {
    await stack.stop();
    removePlace(place);
    rmSync(folder, { recursive: true, force: true });
  }
};

const reportOf = async (url: string, file: string) => {
  const flags = [
    '--headless=new',
    '--disable-background-networking',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
  await execute(
    'npx',
    [
      ...['--yes', LIGHTHOUSE, url, '--quiet', '--output=json', `--output-path=${file}`],
      ...[`--only-categories=${CATEGORIES.join(',')}`, `--chrome-flags=${flags.join(' ')}`],
    ],
    { env: { ...process.env, CHROME_PATH: await browserFile() } },
  );
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
};

/** The JavaScript of a first view until the page rests, each file compressed by itself. */
const javascriptOf = async (url: string): Promise<{ gzip: number; files: number }> => {
  const browser = await launchBrowser();
  const page = await browser.newPage();
  const bodies: Promise<Buffer>[] = [];
  page.on('response', (response) => {
    if (response.request().resourceType() === 'script') bodies.push(response.body());
  });
  await page.goto(url, { waitUntil: 'networkidle' });
  const found = await Promise.all(bodies);
  await browser.close();
  return { gzip: found.reduce((sum, body) => sum + gzipSync(body).length, 0), files: found.length };
};
