import { answer, requireBranch } from '$lib/server/answer.ts';
import { readSeries } from '$lib/server/questions/series.ts';
import { withinSales } from '$lib/server/questions/within-sales.ts';

/** `GET /api/series?by=hour|day&branch=&from=&to=`; an end that is absent is the first or the last sale. */
export const GET = answer(async (ask) => {
  const { app, parameters, signal } = ask;
  const by = parameters.oneOf('by', ['hour', 'day']) ?? 'day';
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  const bounded = await withinSales(app.clickhouse, scope, signal);
  return bounded === undefined
    ? { as_of: null, points: [] }
    : readSeries(app.clickhouse, bounded, by, app.calendar, signal);
});
