import { readHourlySales } from '@tillstream/clickhouse/questions/figures/hourly-sales';
import { figures, requireBranch } from '$lib/server/api/answer.ts';

/** `GET /api/hourly_sales?branch=&from=&to=` */
export const GET = figures('hourly_sales', async (ask) => {
  const scope = ask.parameters.scope(ask.app.calendar);
  ask.parameters.check();
  await requireBranch(ask, scope.branch);
  return readHourlySales(ask.app.gold, scope, ask.signal);
});
