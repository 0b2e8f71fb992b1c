import { readBranchSales } from '@tillstream/clickhouse/questions/figures/branch-sales';
import type { PipelineFigures, PipelineParts } from '../../figures/page-figures.ts';
import type { View } from '../../state/view.ts';
import { EVERYTHING } from '../api/parameters.ts';
import { getApp } from '../app.ts';
import { readArrivals } from '../questions/pipeline/arrivals.ts';
import { readQuarantine } from '../questions/pipeline/quarantine.ts';
import { readReconciliationHistory } from '../questions/pipeline/reconciliation-history.ts';
import { createShared } from '../shared.ts';
import { figuresPage, PACED, partOf, sharedByView } from './page.ts';

const HOUR = 3_600_000;
/** They change by the minute and cost little. */
const HISTORY = { ...PACED, freshMs: 20_000 };

const arrivals = sharedByView(
  'arrivals',
  ({ app, now, signal }) => readArrivals(app.clickhouse, now - 3 * HOUR, signal),
  HISTORY,
);
const checks = sharedByView(
  'reconciliation history',
  ({ app, now, signal }) => readReconciliationHistory(app.clickhouse, now - 48 * HOUR, signal),
  HISTORY,
);
const quarantine = sharedByView('quarantine', ({ app, signal }) => readQuarantine(app.clickhouse, signal), PACED);

/** The state of the pipeline, shared by all viewers. It never fails; what cannot be found is null. */
const stateNow = createShared(() => getApp().pipeline.read(), {
  freshMs: 2_000,
  rest: 4,
  background: false,
  timeoutMs: 10_000,
});

const ALL: View = { period: 'all', compare: 'none' };

/** How the sales travel, whatever the view. */
export const pipelinePage = figuresPage<PipelineFigures, PipelineParts>(
  'pipeline',
  async ({ app, signal }) => {
    const { branches } = await readBranchSales(app.gold, EVERYTHING, undefined, signal);
    return { branches: branches.map(({ branch_id, newest_sale }) => ({ branch_id, newest_sale })) };
  },
  async () => {
    const [pipeline, arrived, checked, held] = await Promise.all([
      stateNow(''),
      partOf(arrivals('', ALL)),
      partOf(checks('', ALL)),
      partOf(quarantine('', ALL)),
    ]);
    return {
      pipeline: pipeline.value ?? getApp().pipeline.latest(),
      arrivals: arrived,
      checks: checked,
      quarantine: held,
    };
  },
);
