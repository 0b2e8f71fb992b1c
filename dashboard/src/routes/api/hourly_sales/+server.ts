import { answer, requireBranch } from '$lib/server/answer.ts';
import { readHourlySales } from '$lib/server/questions/hourly-sales.ts';

/** `GET /api/hourly_sales?branch=&from=&to=` */
export const GET = answer(async (ask) => {
  const scope = ask.parameters.scope(ask.app.calendar);
  ask.parameters.check();
  await requireBranch(ask, scope.branch);
  return readHourlySales(ask.app.clickhouse, scope, ask.app.calendar.timeZone, ask.signal);
});
