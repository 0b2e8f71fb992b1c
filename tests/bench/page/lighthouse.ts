import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { launchBrowser } from '../../support/browser/browser.ts';
import { LOGIN_ON, setPassword } from '../../support/browser/password.ts';
import { newPlace, removePlace, startStack } from '../../support/stack.ts';
import { CATEGORIES, longTasks, reportOf, scoreOf } from './lighthouse-report.ts';

const METRICS = [
  'first-contentful-paint',
  'largest-contentful-paint',
  'total-blocking-time',
  'cumulative-layout-shift',
];
const PAGES = ['/', '/products', '/products/milk', '/customers', '/branches', '/pipeline', '/till'];
/** Odd, so that there is one in the middle. */
const RUNS = Number(process.env.BENCH_TIMES ?? 3);

/**
 * `npm run bench -- lighthouse [PAGE…]`: Lighthouse's scores of each page on demo data, as a phone with its slowed-down processor and
 * network, and the JavaScript that a first view loads. Of several runs the one with the middle score of performance is shown.
 */
export const run = async (): Promise<void> => {
  const wanted = process.argv.slice(3);
  const pages = wanted.length > 0 ? wanted : [...PAGES, '/login'];
  const open = pages.filter((page) => page !== '/login');
  if (open.length > 0) await measure(open);
  // There is a page to log in at only where that is needed.
  if (pages.includes('/login')) {
    await measure(['/login'], LOGIN_ON);
  }
};

const measure = async (pages: readonly string[], settings: Record<string, string> = {}): Promise<void> => {
  const place = await newPlace();
  Object.assign(place.env, settings);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-lighthouse-'));
  const stack = await startStack(place, ['--no-tills']);
  if (settings === LOGIN_ON) await setPassword(stack.env, 'only for this bench');
  try {
    for (const page of pages) await show(page, `${stack.dashboard}${page}`, path.join(folder, 'report.json'));
  } finally {
    await stack.stop();
    removePlace(place);
    rmSync(folder, { recursive: true, force: true });
  }
};

const show = async (page: string, url: string, file: string): Promise<void> => {
  // Read once before: what the server keeps is there, as it is for any but the first viewer.
  await fetch(url).then((response) => response.arrayBuffer());
  const reports = [];
  for (let i = 0; i < RUNS; i++) reports.push(await reportOf(url, file));
  reports.sort((a, b) => scoreOf(a, 'performance') - scoreOf(b, 'performance'));
  const middle = reports[Math.floor(reports.length / 2)];
  if (middle === undefined) return;
  const scores = CATEGORIES.map((category) => `${category} ${scoreOf(middle, category)}`);
  const all = reports.map((report) => scoreOf(report, 'performance'));
  const { gzip, files } = await javascriptOf(url);
  console.log(
    `${page.padEnd(16)} ${scores.join(', ')} (${all.join(' ')}); JavaScript ${(gzip / 1024).toFixed(1)} kB gzip in ${files} files`,
  );
  console.log(`  ${METRICS.map((metric) => `${metric} ${middle.audits[metric]?.displayValue ?? '?'}`).join(', ')}`);
  console.log(`  long tasks: ${longTasks(middle).join(', ') || 'none'}`);
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
