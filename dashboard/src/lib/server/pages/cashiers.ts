import { readBreakdowns } from '@tillstream/clickhouse/questions/breakdown/breakdown';
import type { CashiersFigures } from '../../figures/page-figures.ts';
import { figuresPage } from './page.ts';

/** Cashiers, tenders and channels of the period beside what it is compared with, each period of one moment. */
export const cashiersPage = figuresPage<CashiersFigures>('cashiers', async ({ app, scope, before, signal }) => {
  const [now, then] = await Promise.all([
    readBreakdowns(app.gold, scope, signal),
    before === undefined ? undefined : readBreakdowns(app.gold, before, signal),
  ]);
  return { now, before: then };
});
