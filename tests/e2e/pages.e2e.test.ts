import { once } from 'node:events';
import http from 'node:http';
import { kpis as kpisSchema, READ_API, type ReadEndpoint, readProblem } from '@tillstream/schemas/read-api';
import type { BrowserContextOptions } from 'playwright-core';
import { expect, test } from 'vitest';
import { axeFindings, figureOf, openPage, refreshNow, withClock } from '../support/browser/page.ts';
import { payByCard, setUpTill } from '../support/browser/till.ts';
import { eventually } from '../support/eventually.ts';
import { ownStack } from '../support/own-stack.ts';
import { testBesideFigures } from './beside-figures.ts';
import { testTillDay } from './till-day.ts';

const PAGES = ['/', '/products', '/products/milk', '/customers', '/branches', '/cashiers', '/pipeline', '/till'];

const own = ownStack();

const kpis = async (query = '') =>
  kpisSchema.parse(await (await fetch(`${own.stack.dashboard}/api/kpis${query}`)).json());
const value = figureOf;
const open = (path: string, options: BrowserContextOptions = {}) =>
  openPage(own.browser, `${own.stack.dashboard}${path}`, options);

test.each(PAGES)('%s: axe finds nothing in light and dark, nothing is wider than a small phone', async (path) => {
  const { context, page, faults } = await open(path, { bypassCSP: true });
  for (const [colorScheme, width] of [
    ['light', 1312],
    ['dark', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  }
  expect(faults).toEqual([]);
  await context.close();
});

test.each(PAGES)('%s runs under its own content security policy', async (path) => {
  const response = await fetch(`${own.stack.dashboard}${path}`, { headers: { accept: 'text/html' } });
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/script-src [^;]*'(nonce|sha256)-/);
  expect(policy).not.toMatch(/(script-src|default-src) [^;]*unsafe-/);
  expect(policy).toContain("frame-ancestors 'none'");
  // The owner's pages are opened under theirs when they are printed, in beside-figures.ts.
  if (path !== '/till') return;
  const { context, faults } = await open(path);
  expect(faults).toEqual([]);
  await context.close();
});

test('every answer, files included, carries the headers that keep browsers in check', async () => {
  const page = await fetch(`${own.stack.dashboard}/products`);
  const script = /\/_app\/[^"]+\.js/.exec(await page.text())?.[0];
  for (const path of ['/', script, '/api/kpis', '/till/catalog', '/no-such-page', '/healthz']) {
    const { headers } = await fetch(`${own.stack.dashboard}${path}`);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('permissions-policy')).toContain('camera=()');
    // Over plain HTTP it would mean nothing.
    expect(headers.get('strict-transport-security')).toBeNull();
  }
});

test('an address answers the page unless JSON is asked for by name', async () => {
  const typeOf = async (accept: string) =>
    (await fetch(`${own.stack.dashboard}/products`, { headers: { accept } })).headers.get('content-type');
  expect(await typeOf('*/*')).toContain('text/html');
  expect(await typeOf('text/html,application/xhtml+xml,*/*;q=0.8')).toContain('text/html');
  expect(await typeOf('application/json')).toContain('application/json');
});

test('the period and the branch stand in the URL, all pages share them, back works', async () => {
  const { context, page } = await open('/products');
  await page.getByTestId('period').selectOption('all');
  await page.waitForURL('**/products?period=all');
  await page.getByTestId('branch-filter').selectOption('SMKT001');
  await page.waitForURL('**/products?period=all&branch=SMKT001');
  const rows = page.locator('[data-testid="products"] tbody tr');
  const expected = await kpis('?branch=SMKT001');
  await eventually(async () => {
    const revenue = await rows.evaluateAll((all) => all.map((row) => Number(row.getAttribute('data-revenue'))));
    expect(revenue.reduce((sum, minor) => sum + minor, 0)).toBe(expected.revenue_minor);
  });
  await page.getByTestId('search').fill('mil');
  expect(await rows.count()).toBe(1);
  await page.getByRole('link', { name: 'Customers' }).click();
  await page.waitForURL('**/customers?period=all&branch=SMKT001');
  await eventually(async () => expect(await value(page, 'customers-unique')).toBe(expected.unique_customers));
  expect(await value(page, 'customers-loyal')).toBe(expected.loyal_customers);
  await page.goBack();
  await page.waitForURL('**/products?period=all&branch=SMKT001**');
  await page.goBack();
  await page.waitForURL(/products(\?period=all)?$/);
  await context.close();
});

test('how products are sorted and what was searched stays with a new period, and comes back with the address', async () => {
  const { context, page } = await open('/products');
  const first = () => page.locator('[data-testid="products"] tbody tr').first().getAttribute('data-product');
  await page.getByTestId('sort-revenue').click();
  await page.getByTestId('search').fill('o');
  await page.keyboard.press('Tab');
  await page.waitForURL('**/products?sort=-revenue&search=o');
  const found = await first();
  await page.getByTestId('period').selectOption('all');
  await page.waitForURL('**/products?period=all&sort=-revenue&search=o');
  await page.getByRole('columnheader', { name: 'Product' }).getByRole('button').click();
  await page.waitForURL('**/products?period=all&sort=product&search=o');
  await page.goBack();
  await page.waitForURL('**/products?sort=-revenue&search=o');
  await eventually(async () => {
    expect(await page.getByTestId('search').inputValue()).toBe('o');
    expect(await first()).toBe(found);
  });
  await context.close();
});

test('two dates the wrong way round are not shown but said', async () => {
  const { context, page } = await open('/products');
  await page.getByTestId('period').selectOption('dates');
  await page.getByTestId('first').fill('2026-11-02');
  await page.waitForURL('**/products?first=2026-11-02&last=*');
  await page.getByTestId('last').fill('2026-11-01');
  await page.getByTestId('backwards').waitFor();
  await page.getByTestId('last').fill('2026-11-03');
  await page.waitForURL('**/products?first=2026-11-02&last=2026-11-03');
  expect(await page.getByTestId('backwards').count()).toBe(0);
  await page.goBack();
  await page.goBack();
  await eventually(async () => expect(await page.getByTestId('first').count()).toBe(0));
  expect(await page.getByTestId('period').inputValue()).toBe('30d');
  await context.close();
});

test('a page that comes while the next date is typed leaves what is said of the dates', async () => {
  const { context, page } = await open('/products');
  let answer = () => {};
  const typed = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/products/__data.json*', async (route) => {
    await typed;
    await route.continue();
  });
  await page.getByTestId('period').selectOption('dates');
  await page.getByTestId('first').fill('2026-11-02');
  await page.getByTestId('last').fill('2026-11-01');
  await page.getByTestId('backwards').waitFor();
  answer();
  await page.waitForURL('**/products?first=2026-11-02&last=*');
  await page.waitForTimeout(200);
  expect(await page.getByTestId('backwards').count()).toBe(1);
  expect(await page.getByTestId('last').inputValue()).toBe('2026-11-01');
  await page.getByTestId('last').fill('2026-11-03');
  await page.waitForURL('**/products?first=2026-11-02&last=2026-11-03');
  expect(await page.getByTestId('backwards').count()).toBe(0);
  await context.close();
});

test('the figures of the pages are those of the read API', async () => {
  const all = await kpis();
  const { context, page } = await open('/products/milk?period=all');
  const milk = all.top_products.find(({ product_id }) => product_id === 'milk');
  expect(await value(page, 'product-units')).toBe(milk?.units);
  await page.goto(`${own.stack.dashboard}/branches?period=all`);
  await page.waitForSelector('[data-testid="branches"]');
  const revenue = await page
    .locator('[data-testid="branches"] tbody tr')
    .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-revenue'))));
  expect(revenue.reduce((sum, minor) => sum + minor, 0)).toBe(all.revenue_minor);
  await page.goto(`${own.stack.dashboard}/customers?period=all`);
  expect(await value(page, 'customers-new')).toBe(all.unique_customers);
  await eventually(async () => expect(await value(page, 'frequency')).toBe(all.unique_customers));
  const top = await (await fetch(`${own.stack.dashboard}/api/top_customers`)).text();
  expect(top).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
  await context.close();
});

test.each(Object.keys(READ_API) as ReadEndpoint[])(
  '/api/%s: as its schema says, with what does not add up; the same rows as CSV and Parquet; faults are typed',
  async (name) => {
    const { answer, rows, doesNotAddUp } = READ_API[name];
    // By tender a breakdown has all that does not add up.
    const which = name.startsWith('breakdown') ? 'by=tender' : 'product=milk';
    const ask = (query: string) => fetch(`${own.stack.dashboard}/api/${name}?${which}${query}`);
    const found: Record<string, unknown> = JSON.parse(await (await ask('')).text());
    answer.parse(found);
    expect(found.as_of).toMatch(/^20\d\d-.*Z$/);
    expect(found.does_not_add_up).toEqual(doesNotAddUp);
    const table = rows === undefined ? [found] : found[rows];
    const count = Array.isArray(table) ? table.length : 0;
    const csv = await ask('&format=csv');
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = (await csv.text()).trim().split('\r\n');
    expect(lines[0]).toMatch(/^[a-z_]+(,[a-z_]+)+$/);
    expect(lines).toHaveLength(count + 1);
    const parquet = Buffer.from(await (await ask('&format=parquet')).arrayBuffer());
    expect(parquet.subarray(0, 4).toString()).toBe('PAR1');
    const fault = await ask('&branch=nowhere&format=xml');
    expect([404, 422]).toContain(fault.status);
    expect(readProblem.parse(await fault.json()).type).toMatch(/^urn:tillstream:problem:/);
  },
);

test('ClickHouse reads the Parquet of the read API, and finds the same sums', async () => {
  const { username, password } = new URL(own.stack.clickhouseAdmin);
  const headers = { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  const sql = async (query: string, body?: ArrayBuffer) => {
    const response = await fetch(`${own.stack.clickhouse}/?query=${encodeURIComponent(query)}`, {
      ...{ method: 'POST', headers, body },
    });
    if (!response.ok) throw new Error(await response.text());
    return (await response.text()).trim();
  };
  const file = await (await fetch(`${own.stack.dashboard}/api/branch_sales?format=parquet`)).arrayBuffer();
  await sql('CREATE TABLE default.exported (branch_id String, purchases Int64, revenue_minor Int64) ENGINE = Memory');
  await sql('INSERT INTO default.exported FORMAT Parquet', file);
  const all = await kpis();
  expect(await sql('SELECT sum(purchases), sum(revenue_minor) FROM default.exported')).toBe(
    `${all.purchases}\t${all.revenue_minor}`,
  );
  await sql('DROP TABLE default.exported');
});

test('a period without sales and a product that does not exist say so; a broken link shows the default', async () => {
  const { context, page } = await open('/products?first=2001-01-01&last=2001-01-02');
  await page.waitForSelector('[data-testid="empty"]');
  await page.goto(`${own.stack.dashboard}/products/no-such-thing`);
  await page.waitForSelector('[data-testid="unknown-product"]');
  await page.goto(`${own.stack.dashboard}/products?period=nonsense&branch=nowhere&compare=%FF`);
  await page.waitForSelector('[data-testid="products"]');
  expect(await page.getByTestId('period').inputValue()).toBe('30d');
  expect(await page.getByTestId('branch-filter').inputValue()).toBe('');
  await context.close();
});

test('the last good figures stay, with their age, when they cannot be refreshed', async () => {
  const { context, page } = await openPage(own.browser, `${own.stack.dashboard}/products`, {}, withClock);
  await page.waitForSelector('[data-testid="status"][data-value="live"]');
  await context.setOffline(true);
  await refreshNow(page, 'stale');
  expect(await page.locator('[data-testid="products"] tbody tr').count()).toBeGreaterThan(3);
  await context.setOffline(false);
  await refreshNow(page, 'live');
  await context.close();
});

test('the points of a chart are read with the arrow keys', async () => {
  const { context, page } = await open('/products/milk');
  const chart = page.getByRole('application').first();
  await chart.focus();
  await eventually(async () => {
    await page.keyboard.press('End');
    await expect(chart.locator('[aria-live]').textContent()).resolves.toMatch(/Units: [\d,]+/);
  });
  await context.close();
});

test('the till sells, and sells later what it sold without a network, each once', async () => {
  const before = await kpis();
  const { context, page } = await open('/till');
  await setUpTill(page, 'SMKT002');
  const sell = async (...products: string[]) => {
    for (const product of products) await page.locator(`[data-product="${product}"]`).click();
    await payByCard(page);
  };
  await sell('milk', 'bread');
  await page.waitForSelector('[data-testid="receipt"][data-state="recorded"]');
  const number = await page.getByTestId('receipt-number').getAttribute('data-value');
  expect(number).toMatch(/^SMKT002-\d+-000001$/);
  await eventually(async () => expect((await kpis()).purchases).toBe(before.purchases + 1));

  await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
  await context.setOffline(true);
  await sell('coffee');
  await sell('eggs', 'milk');
  await eventually(async () => expect(await value(page, 'till-waiting')).toBe(2));
  // The page comes from the service worker, the sales from the browser's own storage.
  await page.reload();
  await eventually(async () => expect(await value(page, 'till-waiting')).toBe(2));
  const receipts = page.locator('[data-testid="receipt"][data-state="waiting"]');
  await eventually(async () => expect(await receipts.count()).toBe(2));

  await context.setOffline(false);
  await eventually(async () => expect(await value(page, 'till-waiting')).toBe(0), 60_000);
  await eventually(async () => expect((await kpis()).purchases).toBe(before.purchases + 3));
  await page.reload();
  await page.getByTestId('place').waitFor();
  expect(await page.getByTestId('receipt-number').allInnerTexts()).toEqual(
    [3, 2, 1].map((count) => number?.replace(/1$/, String(count))),
  );
  expect((await kpis()).purchases).toBe(before.purchases + 3);
  await context.close();
});

test('two tabs of a till: what one sends is settled in the other, what one leaves behind the other sends', async () => {
  const before = await kpis();
  const { context, page: one } = await open('/till');
  await setUpTill(one, 'SMKT002');
  await one.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
  await context.setOffline(true);
  for (const product of ['milk', 'bread']) {
    await one.locator(`[data-product="${product}"]`).click();
    await payByCard(one);
  }
  const two = await context.newPage();
  await two.goto(`${own.stack.dashboard}/till`);
  await eventually(async () => expect(await value(two, 'till-waiting')).toBe(2));
  await one.close();
  await context.setOffline(false);
  await eventually(async () => expect(await value(two, 'till-waiting')).toBe(0), 60_000);
  const three = await context.newPage();
  await context.setOffline(true);
  await three.goto(`${own.stack.dashboard}/till`);
  await three.locator('[data-product="milk"]').click();
  await payByCard(three);
  await eventually(async () => expect(await value(two, 'till-waiting')).toBe(1));
  await context.setOffline(false);
  for (const page of [two, three]) {
    await eventually(async () => {
      expect(await value(page, 'till-waiting')).toBe(0);
      expect(await page.locator('[data-testid="receipt"][data-state="waiting"]').count()).toBe(0);
    }, 60_000);
  }
  await eventually(async () => expect((await kpis()).purchases).toBe(before.purchases + 3));
  await context.close();
});

test('the till passes on what the POS API says, and nothing that another site sends', async () => {
  const post = (headers: Record<string, string>, body: unknown) =>
    fetch(`${own.stack.dashboard}/till/purchases`, { method: 'POST', headers, body: JSON.stringify(body) });
  const json = { 'content-type': 'application/json', 'idempotency-key': 'till-test' };
  const body = { branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] };
  expect((await post({ 'content-type': 'text/plain', 'idempotency-key': 'k' }, body)).status).toBe(403);
  expect((await post({ 'content-type': 'application/json' }, body)).status).toBe(400);
  expect((await post({ ...json, 'sec-fetch-site': 'cross-site' }, body)).status).toBe(403);
  expect((await post({ ...json, 'sec-fetch-site': 'same-site' }, body)).status).toBe(400);
  expect((await post(json, { ...body, items: [] })).status).toBe(422);
  expect((await post(json, { ...body, branch_id: 'nowhere' })).status).toBe(422);
  const [first, again] = [await post(json, body), await post(json, body)];
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(await again.json()).toEqual(await first.json());
});

test('no port answers a web page of another site, by whatever name', async () => {
  const { dashboard, posApi, clickhouse, env } = own.stack;
  const sites = [dashboard, posApi, clickhouse, `http://127.0.0.1:${env.RELAY_PORT}`];
  const paths = new Map([
    [dashboard, '/api/top_customers'],
    [posApi, '/v1/products'],
    [clickhouse, '/?query=SELECT+1&user=analyst'],
  ]);
  const ask = async (site: string, headers: Record<string, string>) => {
    const sent = http.get(site + (paths.get(site) ?? '/metrics'), { headers, agent: false });
    const [response] = await once(sent, 'response');
    response.resume();
    return response.statusCode;
  };
  for (const site of sites) {
    expect(await ask(site, {}), site).toBe(200);
    expect(await ask(site, { Host: 'evil.example' }), site).toBe(403);
    expect(await ask(site, { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }), site).toBe(403);
  }
  const link = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
  expect(await ask(dashboard, link)).toBe(200);
});

testBesideFigures(own);
testTillDay(own);
