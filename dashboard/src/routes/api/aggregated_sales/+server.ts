import { readAggregatedSales } from '@tillstream/clickhouse/questions/aggregated-sales';
import { figures, requireBranch } from '$lib/server/answer.ts';
import { withinSales } from '$lib/server/questions/within-sales.ts';

/** `GET /api/aggregated_sales?month=YYYY-MM&branch=&from=&to=`; month and period together mean what lies in both. */
export const GET = figures('aggregated_sales', async (ask) => {
  const { app, parameters, signal } = ask;
  const month = parameters.read('month', app.calendar.parseMonth, 'a month such as 2026-11');
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  const from = Math.max(scope.from, month?.from ?? scope.from);
  const to = Math.min(scope.to, month?.to ?? scope.to);
  const bounded = from < to ? await withinSales(app, { ...scope, from, to }, signal) : undefined;
  return bounded === undefined ? { as_of: null, rows: [] } : readAggregatedSales(app.gold, bounded, signal);
});
