import type { Page } from 'playwright-core';

/** Chooses where the till stands and waits until it can sell. */
export const setUpTill = async (page: Page, branch: string, cashier?: string): Promise<void> => {
  await page.getByTestId('till-branch').selectOption(branch);
  if (cashier !== undefined) await page.getByTestId('cashier').fill(cashier);
  await page.getByTestId('start').click();
  await page.getByTestId('place').waitFor();
};

/** Sells what is in the basket, by card. */
export const payByCard = async (page: Page): Promise<void> => {
  await page.getByTestId('pay').click();
  await page.getByTestId('tender-card').click();
  await page.getByTestId('done').waitFor();
};
