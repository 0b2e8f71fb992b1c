import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openPage } from '../support/browser/page.ts';
import { LOGIN_ON, setPassword } from '../support/browser/password.ts';
import { setUpTill } from '../support/browser/till.ts';
import { eventually } from '../support/eventually.ts';
import { newPlace, removePlace, startStack } from '../support/stack.ts';

/**
 * `npm run screenshots`: every page in light, dark and on a phone into docs/images, over generated sales of a third of a year.
 * They are to be looked at after each change of the pages.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OUT = path.join(ROOT, 'docs', 'images');
const DAYS = 120;
const PURCHASES_A_DAY = 160;
const PAGES = {
  overview: '/',
  products: '/products',
  product: '/products/milk?period=90d',
  customers: '/customers',
  branches: '/branches',
  cashiers: '/cashiers',
  pipeline: '/pipeline',
  till: '/till',
};
const LOGIN = { login: '/login' };
/** The first comparison finds nothing to compare: the sales have not settled. */
const BOOKS = /^\s*Compared with the books .* [1-9][\d,]* purchases, /;
const DESKTOP = { width: 1312, height: 900 };
const LOOKS: Record<string, BrowserContextOptions> = {
  light: { colorScheme: 'light', viewport: DESKTOP },
  dark: { colorScheme: 'dark', viewport: DESKTOP },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
};

/** The whole page; the till as it is seen, its bar at the bottom. */
const picture = async (page: Page, name: string, file: string): Promise<void> => {
  const { contentSize } = await layoutOf(page);
  const height = name === 'till' ? (page.viewportSize()?.height ?? contentSize.height) : contentSize.height;
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', {
    // Playwright writes PNG and JPEG alone; WebP is a third of their size.
    format: 'webp',
    quality: 60,
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width: contentSize.width, height, scale: 1 },
  });
  writeFileSync(file, Buffer.from(data, 'base64'));
};

const layoutOf = async (page: Page) => {
  const session = await page.context().newCDPSession(page);
  const { cssContentSize } = await session.send('Page.getLayoutMetrics');
  await session.detach();
  return { contentSize: cssContentSize };
};

/** What comes in the background on the page's first read is waited for. */
const settle = async (page: Page, name: string): Promise<void> => {
  if (name === 'customers') await page.waitForSelector('[data-testid="frequency"]', { timeout: 30_000 });
  if (name === 'overview' || name === 'pipeline') await page.getByText(BOOKS).waitFor({ timeout: 60_000 });
  if (name === 'till') {
    await setUpTill(page, 'SMKT001', 'Ana');
    for (const product of ['milk', 'bread']) await page.locator(`[data-product="${product}"]`).click();
  }
  // A chart is drawn when it is seen.
  for (const chart of await page.locator('canvas').all()) {
    await chart.scrollIntoViewIfNeeded();
    await eventually(async () => {
      if ((await chart.getAttribute('style')) === null) throw new Error(`a chart of ${name} is not drawn`);
    });
  }
  await page.evaluate('scrollTo(0, 0)');
  await page.waitForTimeout(500);
};

const shoot = async (browser: Browser, base: string, pages: Record<string, string>): Promise<void> => {
  for (const [look, options] of Object.entries(LOOKS)) {
    for (const [name, address] of Object.entries(pages)) {
      const { context, page } = await openPage(browser, `${base}${address}`, options);
      await settle(page, name);
      await picture(page, name, path.join(OUT, `${name}-${look}.webp`));
      if (name === 'overview' && look === 'light') await page.screenshot({ path: path.join(OUT, 'overview.png') });
      await context.close();
    }
  }
};

/** There is a page to log in at only where that is needed: in a stack of its own. */
const shootLogin = async (browser: Browser): Promise<void> => {
  const place = await newPlace();
  Object.assign(place.env, LOGIN_ON);
  const stack = await startStack(place, ['--empty']);
  try {
    await setPassword(stack.env, 'only for these pictures');
    await shoot(browser, stack.dashboard, LOGIN);
  } finally {
    await stack.stop();
    removePlace(place);
  }
};

const files = mkdtempSync(path.join(os.tmpdir(), 'tillstream-screenshots-'));
const place = await newPlace();
const [browser] = await Promise.all([
  launchBrowser(),
  execFileSync('npm', [
    ...['run', '--silent', 'generate', '--', '--seed', '11', '--days', String(DAYS)],
    ...['--purchases', String(DAYS * PURCHASES_A_DAY), '--out', files],
  ]),
]);
const csv = (name: string) => path.join(files, `${name}.csv`);
const stack = await startStack(place, [
  ...['--products', csv('products_list'), '--purchases', csv('purchases'), '--branches', csv('branches')],
]);
try {
  mkdirSync(OUT, { recursive: true });
  await shoot(browser, stack.dashboard, PAGES);
  await shootLogin(browser);
  console.log(
    `Pictures of ${Object.keys({ ...PAGES, ...LOGIN }).length} pages in ${path.relative(process.cwd(), OUT)}: look at them.`,
  );
} finally {
  await Promise.all([stack.stop(), browser.close()]);
  removePlace(place);
  rmSync(files, { recursive: true, force: true });
}
process.exit(0);
