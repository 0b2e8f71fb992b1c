import { readWeekGrid } from '@tillstream/clickhouse/questions/figures/week-grid';
import { figures, requireBranch } from '$lib/server/api/answer.ts';

/** `GET /api/week_grid?branch=&from=&to=&format=json|csv|parquet`: weekday (1 Monday … 7 Sunday) × hour of the shop's clock. */
export const GET = figures('week_grid', async (ask) => {
  const scope = ask.parameters.scope(ask.app.calendar);
  ask.parameters.check();
  await requireBranch(ask, scope.branch);
  return readWeekGrid(ask.app.gold, scope, ask.signal);
});
