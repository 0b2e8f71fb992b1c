import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import type { PeriodFigures } from '../../figures/figures.ts';
import { figuresPage } from './page.ts';

/** The chosen period beside what it is compared with. What is live on the page comes by its stream. */
export const overviewPage = figuresPage<PeriodFigures>('overview', async ({ app, scope, before, signal }) => {
  const [now, then] = await Promise.all([
    readKpis(app.gold, scope, app.loyalThreshold, { signal }),
    before === undefined ? undefined : readKpis(app.gold, before, app.loyalThreshold, { signal }),
  ]);
  return { now, before: then };
});
