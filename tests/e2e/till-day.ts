import { purchasesResponse } from '@tillstream/schemas/api';
import pg from 'pg';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { axeFindings, figureOf, openPage } from '../support/browser/page.ts';
import { payByCard, setUpTill } from '../support/browser/till.ts';
import { eventually } from '../support/eventually.ts';
import type { OwnStack } from '../support/own-stack.ts';

const MILK_SKU = '4006381333931';

/**
 * A cashier's day at the till, with the network cut. These run on the stack of the file that calls this, since a stack takes longer to
 * start than they do.
 */
export const testTillDay = (own: OwnStack): void => {
  const change = async (product: string, body: object) => {
    const response = await fetch(`${own.stack.posApi}/v1/products/${product}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
  };
  const sql = async (statement: string) => {
    const client = new pg.Client(own.stack.postgres);
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  const booked = async (receiptNumber: string) => {
    const query = new URLSearchParams({ receipt_number: receiptNumber });
    const response = await fetch(`${own.stack.posApi}/v1/purchases?${query}`);
    return purchasesResponse.parse(await response.json()).purchases;
  };
  const openTill = async () => {
    const opened = await openPage(own.browser, `${own.stack.dashboard}/till`, { bypassCSP: true });
    await opened.page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
    return opened;
  };
  const numbers = (page: Page, state: string) =>
    page.locator(`[data-testid="receipt"][data-state="${state}"] [data-testid="receipt-number"]`).allInnerTexts();
  const waiting = (page: Page, count: number) =>
    eventually(async () => expect(await figureOf(page, 'till-waiting')).toBe(count), 60_000);

  test("a cashier's day: scanned, weighed, held, paid in cash without a network, sent later as it was; then void and returned", async () => {
    await change('milk', { sku: MILK_SKU });
    await own.post('/v1/products', { name: 'Plums', unit_price_minor: 299, unit: 'kg', category: 'Fruit' });
    await own.post('/v1/products', { name: 'Cake of the day', unit_price_minor: 0, open_price: true });
    const { context, page } = await openTill();
    await setUpTill(page, 'SMKT003', 'Ana');
    const place = await page.getByTestId('place').innerText();
    const series = `SMKT003-${/Till (\d+)/.exec(place)?.[1]}`;

    // A scanner types wherever the focus is; the chain's limit is told with its name.
    await page.getByTestId('return').focus();
    await page.keyboard.type(`${MILK_SKU}\n`);
    await page.getByTestId('line').waitFor();
    await page.keyboard.type(`${MILK_SKU}\n`);
    expect(await page.getByTestId('notice').innerText()).toContain('MAX_QUANTITY_PER_PRODUCT');
    expect(await page.getByTestId('line').count()).toBe(1);
    await page.keyboard.type('4000000000000\n');
    expect(await page.getByTestId('notice').innerText()).toContain('4000000000000');

    await page.getByTestId('search').fill('plum');
    await page.keyboard.press('Enter');
    await page.getByTestId('number').fill('0,735');
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.locator('[data-product="cake-of-the-day"]').click();
    await page.getByTestId('number').fill('4.99');
    await page.getByTestId('number-ok').click();
    // 10 % of 2.20, rounded; then half a euro off the receipt: (1.50 + 1.98 + 4.99) − 0.50.
    await page.getByRole('button', { name: /discount of Plums/ }).click();
    await page.getByTestId('discount').fill('10');
    await page.getByTestId('line-ok').click();
    await page.getByTestId('receipt-discount').click();
    await page.getByTestId('discount-amount').check();
    await page.getByTestId('discount').fill('0.50');
    await page.getByTestId('line-ok').click();
    const milk = Number(await page.getByTestId('line').first().getAttribute('data-value'));
    const total = milk + 198 + 499 - 50;
    await eventually(async () => expect(await figureOf(page, 'pay')).toBe(total));

    await context.setOffline(true);
    const cutAt = Date.now();
    await page.getByTestId('hold').click();
    await page.getByTestId('text').fill('Mr Bo');
    await page.getByTestId('text-ok').click();
    await page.locator('[data-product="bread"]').click();
    await payByCard(page);
    await page.getByTestId('till-offline').waitFor();
    await page.getByTestId('held').click();
    expect(await page.getByTestId('held-basket').innerText()).toContain('Mr Bo');
    await page.getByTestId('resume').click();
    // Neither the basket nor what was sold is lost.
    await page.reload();
    await eventually(async () => expect(await figureOf(page, 'pay')).toBe(total));
    await page.keyboard.press('F2');
    expect(await axeFindings(page)).toEqual([]);
    await page.getByTestId('given').fill('20');
    await page.getByTestId('tender-cash').click();
    await eventually(async () => expect(await figureOf(page, 'change')).toBe(2000 - total));
    expect(await numbers(page, 'waiting')).toEqual([`${series}-000002`, `${series}-000001`]);
    await page.reload();
    await waiting(page, 2);

    // On paper it is the receipt and nothing else.
    await page.evaluate('globalThis.print = () => {}');
    await page.getByRole('button', { name: `Print ${series}-000002` }).click();
    await page.emulateMedia({ media: 'print' });
    const slip = await page.getByTestId('slip').innerText();
    for (const part of [`${series}-000002`, 'Ana', '0.735 kg', 'Change']) expect(slip).toContain(part);
    expect(await page.locator('main').isVisible()).toBe(false);
    await page.emulateMedia({ media: null });

    await page.locator('[data-product="bread"]').click();
    await payByCard(page);
    await page.getByTestId('void').click();
    await page.getByTestId('text-ok').click();
    await page.getByTestId('text').fill('Wrong item');
    await page.getByTestId('text-ok').click();
    await page.getByText('Void, not sent yet').waitFor();
    const backAt = Date.now();
    await context.setOffline(false);
    await waiting(page, 0);
    await eventually(async () => expect(await numbers(page, 'voided')).toEqual([`${series}-000003`]));
    expect(await booked(`${series}-000003`)).toMatchObject([{ status: 'voided' }]);
    const [sold, ...others] = await booked(`${series}-000002`);
    expect(others).toEqual([]);
    expect(sold).toMatchObject({ branch_id: 'SMKT003', status: 'recorded', discount_minor: 50, total_minor: total });
    expect(
      sold?.items.map(({ product_id, quantity, discount_minor }) => [product_id, quantity, discount_minor]),
    ).toEqual([
      ['milk', 1, 0],
      ['plums', 0.735, 22],
      ['cake-of-the-day', 1, 0],
    ]);
    // When it was sold, not when it was sent.
    expect(Date.parse(sold?.sold_at ?? '')).toBeGreaterThan(cutAt - 1_000);
    expect(Date.parse(sold?.sold_at ?? '')).toBeLessThan(backAt);

    // Another till in another branch takes the plums back.
    const { context: other, page: counter } = await openTill();
    await setUpTill(counter, 'SMKT001');
    await counter.getByTestId('return').click();
    await counter.getByTestId('return-number').fill(`${series}-000002`);
    await counter.getByTestId('return-find').click();
    await counter.getByTestId('return-plums').fill('0.8');
    expect(await counter.getByTestId('return-ok').isDisabled()).toBe(true);
    await counter.getByTestId('return-plums').fill('0.735');
    expect(await axeFindings(counter)).toEqual([]);
    const promised = await figureOf(counter, 'return-ok');
    await counter.getByTestId('return-ok').click();
    await counter.getByTestId('refunded').waitFor();
    expect(await figureOf(counter, 'refunded')).toBe(promised);
    expect(await booked(`${series}-000002`)).toMatchObject([
      { returns: [{ branch_id: 'SMKT001', total_minor: promised, items: [{ product_id: 'plums', quantity: 0.735 }] }] },
    ]);
    await Promise.all([context.close(), other.close()]);
  });

  test('a refused sale stays in sight until somebody says what was done about it', async () => {
    const { context, page } = await openTill();
    await setUpTill(page, 'SMKT003');
    await context.setOffline(true);
    // The till cannot know that it is no longer sold, and has not been for years.
    await sql("update products set active = false, retired_at = '2020-01-01' where product_id = 'eggs'");
    await page.locator('[data-product="eggs"]').click();
    await payByCard(page);
    await page.locator('[data-product="milk"]').click();
    await payByCard(page);
    await context.setOffline(false);
    await page.getByTestId('till-refused').waitFor({ timeout: 60_000 });
    expect(await page.getByTestId('till-refused').innerText()).toContain('eggs is no longer sold');
    await waiting(page, 0);
    await page.reload();
    await page.getByTestId('till-refused').getByRole('button').click();
    expect(await axeFindings(page)).toEqual([]);
    const refused = page.getByTestId('refused-sale');
    await refused.getByRole('button', { name: 'Settle' }).click();
    await page.getByTestId('note').fill('money given back');
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await page.getByTestId('till-refused').count()).toBe(0));
    await page.reload();
    await page.getByTestId('place').waitFor();
    expect(await page.locator('[data-state="closed"]').innerText()).toContain('money given back');
    await change('eggs', { active: true });
    await context.close();
  });
};
