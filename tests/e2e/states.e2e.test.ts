import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { health, kpis, readProblem } from '@tillstream/schemas/read-api';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { axeFindings, figureOf, openPage, refreshNow, withClock } from '../support/browser/page.ts';
import { setUpTill } from '../support/browser/till.ts';
import { eventually } from '../support/eventually.ts';
import { ownStack } from '../support/own-stack.ts';

/** What the owner sees when there is nothing, little, or something is wrong: one shop that grows from test to test. */
const PAGES = ['/', '/products', '/customers', '/branches', '/pipeline', '/till'];
const BRANCH = '<script>alert("branch")</script> "Nord" & Söhne';
const PRODUCT = `<img src=x onerror="alert('product')"> 'Käse' & "Brot"`;
/** One word that is longer than a phone is wide. */
const LONG = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverkaufsstelle';
const HOUR = 3_600_000;

/** What is asked of a range in the browser. */
interface TextRange {
  selectNodeContents(node: unknown): void;
  getClientRects(): Iterable<{ top: number }>;
}

const own = ownStack((place) => {
  const file = (name: string, lines: string[]) => {
    const written = path.join(place.folder, name);
    writeFileSync(written, `${lines.join('\n')}\n`);
    return written;
  };
  return [
    ...['--branches', file('branches.csv', ['branch_id,name,country', `SMKT001,"${BRANCH.replaceAll('"', '""')}",DE`])],
    ...['--products', file('products.csv', ['product_name,unit_price', 'Milk,1.50', 'Bread,2.20', 'Coffee,6.90'])],
    ...['--purchases', file('purchases.csv', ['supermarket_id,timestamp,user_id,items_list,total_amount'])],
  ];
});

const open = async (address: string, options: BrowserContextOptions = {}) => {
  const dialogs: string[] = [];
  const opened = await openPage(own.browser, `${own.stack.dashboard}${address}`, options, async (page) =>
    page.on('dialog', (dialog) => dialogs.push(dialog.message())),
  );
  return { ...opened, dialogs };
};
const sell = (branch_id: string, products: string[], agoMs = 0) =>
  own.post('/v1/purchases', {
    branch_id,
    customer_id: randomUUID(),
    items: products.map((product_id) => ({ product_id, quantity: 1 })),
    sold_at: new Date(Date.now() - agoMs).toISOString(),
  });
/** What the page shows of today, once it shows what the read API does: which sales were today depends on the hour. */
const todaysPurchases = async (page: Page): Promise<number> => {
  const today = new Date().toISOString().slice(0, 10);
  let shown = Number.NaN;
  await eventually(async () => {
    const answer = await fetch(`${own.stack.dashboard}/api/kpis?from=${today}`);
    shown = await figureOf(page, 'today-purchases');
    expect(kpis.parse(await answer.json()).purchases).toBe(shown);
    // What a frozen ClickHouse put into a quarter of an hour that was sealed meanwhile is found by the proof, within a minute.
  }, 120_000);
  return shown;
};
const signal = (name: string, what: NodeJS.Signals) => {
  const parts = JSON.parse(readFileSync(`${own.stack.folder}/processes.json`, 'utf8')) as {
    name: string;
    pid: number;
  }[];
  for (const part of parts) if (part.name === name) process.kill(part.pid, what);
};

test.each(PAGES)('%s without any sale says so, and nothing breaks', async (address) => {
  const { context, page, faults } = await open(address, { viewport: { width: 360, height: 740 }, bypassCSP: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await axeFindings(page)).toEqual([]);
  }
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  expect(await page.innerText('body')).not.toMatch(/NaN|undefined|Infinity|null/);
  if (address === '/' || address === '/products') await page.waitForSelector('[data-testid="empty"]');
  expect(faults).toEqual([]);
  await context.close();
});

test('the first sale comes onto the open page by itself; names are text, whatever is in them', async () => {
  await own.post('/v1/products', { product_id: 'strange', name: PRODUCT, unit_price_minor: 250 });
  const { context, page, faults, dialogs } = await open('/');
  await sell('SMKT001', ['strange', 'milk']);
  await eventually(async () => expect(await figureOf(page, 'today-purchases')).toBe(1));
  await eventually(async () => {
    const text = (await page.locator('main').textContent()) ?? '';
    expect(text).toContain(BRANCH);
    expect(text).toContain(PRODUCT);
  });
  await eventually(async () => expect(await page.getByTestId('empty').count()).toBe(0));
  for (const address of [
    '/products',
    '/products/strange',
    '/branches',
    '/pipeline',
    '/till',
    '/?branch=%3Cscript%3E',
  ]) {
    await page.goto(`${own.stack.dashboard}${address}`, { waitUntil: 'networkidle' });
    await page.waitForSelector('h1');
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  }
  expect(dialogs).toEqual([]);
  expect(faults).toEqual([]);
  await context.close();
});

test("a word of any length stays in its card, a large sum on one line, and no product hides behind the till's basket", async () => {
  const long = { product_id: 'long', name: LONG, unit_price_minor: 999_999_999 };
  await own.post('/v1/products', long);
  await eventually(() => sell('SMKT001', ['long']));
  for (const address of [...PAGES, '/products/long']) {
    const { context, page, faults } = await open(address);
    if (address === '/') {
      await eventually(async () => expect(await page.locator('main').innerText()).toContain('€9,999,999.99'));
    }
    if (address === '/till') await setUpTill(page, 'SMKT001');
    for (const width of [320, 1312]) {
      await page.setViewportSize({ width, height: 640 });
      expect(await page.evaluate('document.documentElement.scrollWidth'), address).toBeLessThanOrEqual(width);
      for (const figure of await page.locator('.figure', { hasText: '€' }).all()) {
        // The text's own boxes: one for each line.
        const lines = await figure.evaluate((it) => {
          const { document } = globalThis as unknown as { document: { createRange: () => TextRange } };
          const range = document.createRange();
          range.selectNodeContents(it);
          return new Set([...range.getClientRects()].map(({ top }) => top)).size;
        });
        expect(lines, `${address} ${width}`).toBe(1);
      }
      if (address === '/till') {
        for (const product of await page.locator('[data-product]').all()) {
          await page.evaluate('scrollTo(0, 0)');
          await product.focus();
          const isSeen = await product.evaluate((it) => {
            const { document } = globalThis as unknown as {
              document: { elementFromPoint: (x: number, y: number) => never };
            };
            const { left, top, width: wide, height } = it.getBoundingClientRect();
            return [top + 2, top + height - 2].every((y) => it.contains(document.elementFromPoint(left + wide / 2, y)));
          });
          expect(isSeen).toBe(true);
        }
      }
    }
    expect(faults).toEqual([]);
    await context.close();
  }
});

test('one branch: its share is all, and it is chosen by the address', async () => {
  const { context, page } = await open('/branches?period=all');
  expect(await page.locator('[data-testid="branches"] tbody tr').count()).toBe(1);
  expect(await page.getByTestId('branch-filter').locator('option').count()).toBe(2);
  await page.getByTestId('branch-filter').selectOption('SMKT001');
  await page.waitForURL('**/branches?period=all&branch=SMKT001');
  await context.close();
});

test('a branch that is silent is told apart from figures that are old', async () => {
  await own.post('/v1/branches', { branch_id: 'SMKT002', name: 'Quiet Harbour', country: 'PT' });
  await sell('SMKT002', ['bread'], 3 * HOUR);
  await sell('SMKT001', ['milk']);
  const { context, page } = await open('/pipeline');
  await eventually(async () => {
    await page.reload({ waitUntil: 'networkidle' });
    const quiet = await page.locator('tr', { hasText: 'Quiet Harbour' }).textContent({ timeout: 1_000 });
    expect(quiet).toMatch(/3 h/);
  });
  const busy = await page.locator('tr', { hasText: 'Nord' }).textContent();
  expect(busy).not.toMatch(/\d h/);
  // The figures themselves were read just now.
  expect(await page.getByTestId('status').first().getAttribute('data-value')).toBe('live');
  await context.close();
});

// The figures of one branch are read anew: those of all customers may be a minute old, of before the first sale.
test.each(['/', '/products/milk', '/customers?branch=SMKT001'])(
  '%s: each chart is read with the keyboard alone',
  async (address) => {
    const { context, page } = await open(address);
    const charts = page.getByRole('application');
    await charts.first().waitFor();
    for (const chart of await charts.all()) {
      expect(await chart.getAttribute('aria-label')).toMatch(/\. .*Arrow keys/);
      await chart.focus();
      await eventually(async () => {
        await page.keyboard.press('End');
        expect((await chart.locator('[aria-live]').textContent())?.length).toBeGreaterThan(3);
      });
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      expect((await chart.locator('[aria-live]').textContent())?.length).toBeGreaterThan(3);
      await page.keyboard.press('Escape');
      await eventually(async () => expect(await chart.locator('[aria-live]').textContent()).toBe(''));
    }
    await context.close();
  },
);

test('every control is reached by Tab, in order, and shows that it is focused', async () => {
  const { context, page } = await open('/');
  const reached: string[] = [];
  for (let n = 0; n < 14; n++) {
    await page.keyboard.press('Tab');
    reached.push(
      await page.evaluate(`(() => {
        const { activeElement: it } = document;
        const style = getComputedStyle(it);
        const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
        return (shown ? '' : 'unseen ') + (it.dataset.testid ?? it.textContent.trim());
      })()`),
    );
  }
  expect(reached.filter((name) => name.startsWith('unseen'))).toEqual([]);
  const wanted = ['Skip to the figures', 'Overview', 'Products', 'period', 'compare', 'branch-filter'];
  expect(wanted.map((name) => reached.indexOf(name))).toEqual(
    [...wanted.map((name) => reached.indexOf(name))].sort((a, b) => a - b),
  );
  expect(reached).toEqual(expect.arrayContaining(wanted));
  await context.close();
});

test('ClickHouse hangs: the last good figures stay with their age, on pages that are opened too; then they go on', {
  timeout: 300_000,
}, async () => {
  const live = await open('/');
  const kept = await openPage(own.browser, `${own.stack.dashboard}/products`, {}, withClock);
  await live.page.waitForSelector('[data-testid="status"][data-value="live"]');
  const before = await todaysPurchases(live.page);
  signal('clickhouse', 'SIGSTOP');
  try {
    await sell('SMKT001', ['coffee']);
    await Promise.all([
      live.page.waitForSelector('[data-testid="status"][data-value="stale"]', { timeout: 60_000 }),
      refreshNow(kept.page, 'stale'),
    ]);
    for (const { page } of [live, kept]) {
      expect(await page.getByTestId('status').first().textContent()).toMatch(/Figures from .+ ago/);
    }
    expect(await figureOf(live.page, 'today-purchases')).toBe(before);
    expect(await kept.page.locator('[data-testid="products"] tbody tr').count()).toBeGreaterThan(1);
    // Each of these waits until its own time is up: together, not one after the other.
    const [opened, answer, figures] = await Promise.all([
      open('/'),
      fetch(`${own.stack.dashboard}/api/health`),
      fetch(`${own.stack.dashboard}/api/kpis`),
    ]);
    expect(await figureOf(opened.page, 'today-purchases')).toBe(before);
    expect(await opened.page.getByTestId('status').first().getAttribute('data-value')).toBe('stale');
    await opened.context.close();
    expect(health.parse(await answer.json())).toMatchObject({
      status: 'down',
      parts: { clickhouse: { status: 'down' } },
    });
    expect(figures.status).toBe(503);
    expect(figures.headers.get('retry-after')).toBe('2');
    expect(readProblem.parse(await figures.json()).type).toBe('urn:tillstream:problem:unavailable');
  } finally {
    signal('clickhouse', 'SIGCONT');
  }
  await live.page.waitForSelector('[data-testid="status"][data-value="live"]', { timeout: 60_000 });
  await eventually(async () => expect(await figureOf(live.page, 'today-purchases')).toBe(before + 1), 60_000);
  await refreshNow(kept.page, 'live');
  await Promise.all([live.context.close(), kept.context.close()]);
});

test('ClickHouse is stopped and started again: the figures come back by themselves', async () => {
  const { context, page } = await open('/');
  await page.waitForSelector('[data-testid="status"][data-value="live"]');
  const before = await todaysPurchases(page);
  signal('clickhouse', 'SIGKILL');
  await sell('SMKT001', ['milk']);
  await eventually(async () => expect(await figureOf(page, 'today-purchases')).toBe(before + 1), 60_000);
  await page.waitForSelector('[data-testid="status"][data-value="live"]', { timeout: 60_000 });
  await context.close();
});
