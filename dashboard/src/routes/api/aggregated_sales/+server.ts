import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { readAggregatedSales } from '@tillstream/clickhouse/questions/products/aggregated-sales';
import { figures, requireBranch } from '$lib/server/api/answer.ts';
import type { Parameters } from '$lib/server/api/parameters.ts';
import { withinSales } from '$lib/server/questions/sales/within-sales.ts';

const scopeOf = (parameters: Parameters, calendar: ShopCalendar): Scope => {
  const month = parameters.read('month', calendar.parseMonth, 'a month such as 2026-11');
  const { branch, from, to } = parameters.scope(calendar);
  return { branch, from: Math.max(from, month?.from ?? from), to: Math.min(to, month?.to ?? to) };
};

/** `GET /api/aggregated_sales?month=YYYY-MM&branch=&from=&to=`; month and period together mean what lies in both. */
export const GET = figures('aggregated_sales', async (ask) => {
  const { app, parameters, signal } = ask;
  const scope = scopeOf(parameters, app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  const bounded = scope.from < scope.to ? await withinSales(app.gold, scope, signal) : undefined;
  return bounded === undefined ? { as_of: null, rows: [] } : readAggregatedSales(app.gold, bounded, signal);
});
