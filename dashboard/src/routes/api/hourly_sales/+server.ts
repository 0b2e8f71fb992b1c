import { readHourlySales } from '@tillstream/clickhouse/questions/hourly-sales';
import { answer, requireBranch } from '$lib/server/answer.ts';

/** `GET /api/hourly_sales?branch=&from=&to=` */
export const GET = answer(async (ask) => {
  const scope = ask.parameters.scope(ask.app.calendar);
  ask.parameters.check();
  await requireBranch(ask, scope.branch);
  return readHourlySales(ask.app.gold, scope, ask.signal);
}, 'hours');
