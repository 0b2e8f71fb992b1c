import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openPage, refreshNow, withClock } from '../support/browser/page.ts';
import { eventually } from '../support/eventually.ts';
import type { OwnStack } from '../support/own-stack.ts';

const PAGES = ['/', '/products', '/products/milk', '/customers', '/branches', '/pipeline'];
/** What is asked of a canvas that is drawn. */
interface HTMLCanvas {
  width: number;
  toDataURL(): string;
}
/** What an A4 page holds, in CSS pixels. */
const PAPER = { width: 718, height: 1_047 };

/** What is asked of a chart's canvas in the browser. */
interface Canvas {
  width: number;
  height: number;
  parentElement: { getBoundingClientRect(): { width: number } };
  getBoundingClientRect(): { width: number };
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  };
}

/** The page as the printer gets it. */
const toPaper = async (page: Page) => {
  await page.evaluate("dispatchEvent(new Event('beforeprint'))");
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize(PAPER);
};

/**
 * What the owner's pages do beside showing figures: they are printed, and learn the name of a branch that is opened. These run on
 * the stack of the file that calls this, since a stack takes longer to start than they do.
 */
export const testBesideFigures = (own: OwnStack): void => {
  test.each(PAGES)('%s printed is a report', async (address) => {
    const { context, page, faults } = await openPage(own.browser, `${own.stack.dashboard}${address}`, {
      colorScheme: 'dark',
    });
    const charts = await page.locator('canvas').all();
    // One that was seen brings what draws the others, too.
    await charts[0]?.scrollIntoViewIfNeeded();
    if (charts[0]) await charts[0].and(page.locator('[style]')).waitFor();
    await toPaper(page);

    const head = await page.locator('.printed').innerText();
    expect(head).toMatch(/printed \d+ \w+ \d{4}, \d\d:\d\d \(UTC\)$/);
    if (address !== '/pipeline') expect(head).toMatch(/^All branches · .* 20\d\d, so far · compared with .* · /);
    expect(await page.locator('h1').isVisible()).toBe(true);
    for (const control of ['nav', 'form', 'input', 'select', 'summary', 'button:not(th button)', 'a[download]']) {
      expect(await page.locator(`${control}:visible`).count(), control).toBe(0);
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PAPER.width);
    for (const scroll of await page.locator('.scroll').all()) {
      expect(await scroll.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)).toBeLessThan(2);
    }
    for (const chart of charts) {
      const { drawn, narrower } = await chart.evaluate((element) => {
        const canvas = element as unknown as Canvas;
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        const frame = canvas.parentElement.getBoundingClientRect().width;
        return { drawn: pixels.some((value) => value !== 0), narrower: frame - canvas.getBoundingClientRect().width };
      });
      expect(drawn).toBe(true);
      expect(Math.abs(narrower)).toBeLessThan(1);
    }
    // It was dark on the screen; paper is white.
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect((await page.pdf({ format: 'A4' })).subarray(0, 4).toString()).toBe('%PDF');
    expect(faults).toEqual([]);
    await context.close();
  });

  test.each(PAGES)('%s printed before any chart is drawn has their tables', async (address) => {
    // Without scripts no chart is ever drawn, which is how a page begins.
    const context = await own.browser.newContext({ javaScriptEnabled: false, viewport: PAPER });
    const page = await context.newPage();
    await page.goto(`${own.stack.dashboard}${address}`);
    const cards = page.locator('.card:has(canvas)');
    for (const card of await cards.all()) expect(await card.locator('details tbody').isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    for (const card of await cards.all()) {
      expect(await card.locator('canvas').isVisible()).toBe(false);
      expect(await card.locator('details tbody tr').last().isVisible()).toBe(true);
      expect(await card.locator('summary').isVisible()).toBe(false);
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PAPER.width);
    await context.close();
  });

  test('on a wall everything is larger, and a chart still knows where the pointer is', async () => {
    const { context, page, faults } = await openPage(own.browser, `${own.stack.dashboard}/products/milk`, {
      viewport: { width: 3840, height: 2160 },
    });
    const sizes = await page.locator('main').evaluate((main) => main.getBoundingClientRect().width);
    expect(sizes).toBeGreaterThan(2_600);
    const chart = page.getByRole('application').first();
    await chart.locator('canvas[style]').waitFor();
    const box = await chart.boundingBox();
    if (box === null) throw new Error('the chart has no place');
    const pixels = () => chart.locator('canvas').evaluate((it) => (it as unknown as HTMLCanvas).toDataURL());
    const before = await pixels();
    await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2);
    // The tip of the last points stands on the right.
    await eventually(async () => expect(await pixels()).not.toBe(before));
    expect(await chart.locator('canvas').evaluate((it) => (it as unknown as HTMLCanvas).width)).toBe(
      Math.round(box.width),
    );
    expect(faults).toEqual([]);
    await context.close();
  });

  test('a branch that is opened while a page is looked at gets its name there; before its first sale it says so', async () => {
    const { context, page, faults } = await openPage(own.browser, `${own.stack.dashboard}/pipeline`, {}, withClock);
    const branch = (name: string) => page.getByRole('row', { name });
    await own.post('/v1/branches', { branch_id: 'SMKT045', name: 'Braga Centro', country: 'Portugal' });
    await own.post('/v1/branches', { branch_id: 'SMKT044', name: 'Porto Ribeira', country: 'Portugal' });
    await own.post('/v1/purchases', { branch_id: 'SMKT044', items: [{ product_id: 'milk', quantity: 1 }] });
    await eventually(async () => {
      await refreshNow(page, 'live');
      expect(await branch('Porto Ribeira').count()).toBe(1);
    });
    await eventually(async () => {
      await page.reload();
      expect(await branch('Braga Centro').innerText({ timeout: 1_000 })).toContain('No sale yet');
    });
    expect(faults).toEqual([]);
    await context.close();
  });
};
