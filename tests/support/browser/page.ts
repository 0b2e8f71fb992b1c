import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page that is open in a context of its own. */
export interface Opened {
  context: BrowserContext;
  page: Page;
  /** What the page threw, printed as an error, or was kept from by its content security policy. */
  faults: string[];
}

/** Opens a page and waits until it rests. */
export const openPage = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<unknown> = async () => {},
): Promise<Opened> => {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`);
  await prepare(page);
  // A machine whose network interfaces come and go breaks off what the browser loads: that is no fault of the page.
  do {
    faults.length = 0;
    await page.goto(url, { waitUntil: 'networkidle' }).catch(() => {});
  } while (faults.some((fault) => fault.includes('ERR_NETWORK_CHANGED')));
  await page.waitForSelector('h1');
  return { context, page, faults };
};

/** For {@link openPage}: the page's clock can be moved on with {@link refreshNow}. */
export const withClock = (page: Page): Promise<void> => page.clock.install();

/** Leaps over the 12 seconds after which an open page refreshes its figures; waits until its status is the one that is named. */
export const refreshNow = async (page: Page, status: 'live' | 'stale'): Promise<void> => {
  await page.clock.fastForward(12_000);
  await page.waitForSelector(`[data-testid="status"][data-value="${status}"]`, { timeout: 30_000 });
};

/** What axe finds on a page, each with its places; the page must have been opened with `bypassCSP`. */
export const axeFindings = async (page: Page): Promise<string[]> => {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  });
};

/** The exact value behind a figure, from its element's `data-value`. */
export const figureOf = async (page: Page, testId: string): Promise<number> =>
  Number(await page.locator(`[data-testid="${testId}"]`).first().getAttribute('data-value'));
