import { BREAKDOWNS } from '@tillstream/clickhouse/questions/breakdown/breakdown-rows';
import { readBreakdownSeries } from '@tillstream/clickhouse/questions/breakdown/breakdown-series';
import { figures, requireBranch } from '$lib/server/api/answer.ts';

/** `GET /api/breakdown_series?by=category|channel|tender|cashier&key=&branch=&from=&to=&format=json|csv|parquet`: by business day. */
export const GET = figures('breakdown_series', async (ask) => {
  const { app, parameters, signal } = ask;
  const by = parameters.oneOf('by', BREAKDOWNS) ?? 'category';
  const key = parameters.read('key', (text) => text, 'a key');
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  return readBreakdownSeries(app.gold, scope, { by, key }, signal);
});
