import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchBrowser } from '../../../../tests/support/browser/browser.ts';
import { makeDatabase, type TestDatabase } from '../../../../tests/support/database.ts';
import { startApi, type TestApi } from '../../../test/api.ts';

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
  api = await startApi(database.pool);
});
afterAll(async () => {
  api.close();
  await database.pool.end();
});

test('the page shows the operations and can try them, with nothing from elsewhere and nothing refused', async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 1400 } });
    const wrong: string[] = [];
    const foreign: string[] = [];
    page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
    page.on('pageerror', (error) => wrong.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(api.url) && !request.url().startsWith('data:')) foreign.push(request.url());
    });
    await page.goto(`${api.url}/docs#/Catalog/getBranches`);
    await page.locator('.opblock').first().waitFor();
    expect(await page.locator('.opblock').count()).toBe(17);
    await page.locator('#operations-Catalog-getBranches .execute').click();
    const answer = page.locator('#operations-Catalog-getBranches .live-responses-table .response-col_status');
    await answer.first().waitFor();
    expect(await page.locator('#operations-Catalog-getBranches .live-responses-table').innerText()).toContain(
      'SMKT001',
    );
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
    expect([wrong, foreign]).toEqual([[], []]);
  } finally {
    await browser.close();
  }
}, 120_000);
