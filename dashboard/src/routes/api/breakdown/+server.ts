import { readBreakdown } from '@tillstream/clickhouse/questions/breakdown/breakdown';
import { BREAKDOWNS } from '@tillstream/clickhouse/questions/breakdown/breakdown-rows';
import { figures, requireBranch } from '$lib/server/api/answer.ts';

/** `GET /api/breakdown?by=category|channel|tender|cashier&branch=&from=&to=&format=json|csv|parquet` */
export const GET = figures('breakdown', async (ask) => {
  const { app, parameters, signal } = ask;
  const by = parameters.oneOf('by', BREAKDOWNS) ?? 'category';
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  return readBreakdown(app.gold, scope, by, signal);
});
