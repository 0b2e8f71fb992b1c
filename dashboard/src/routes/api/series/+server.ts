import { readSeries } from '@tillstream/clickhouse/questions/figures/series';
import { figures, requireBranch } from '$lib/server/api/answer.ts';
import { requireFewPoints } from '$lib/server/api/points.ts';
import { withinSales } from '$lib/server/questions/sales/within-sales.ts';

/** `GET /api/series?by=hour|day&branch=&from=&to=`; an end that is absent is the first or the last sale. */
export const GET = figures('series', async (ask) => {
  const { app, parameters, signal } = ask;
  const by = parameters.oneOf('by', ['hour', 'day']) ?? 'day';
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  const bounded = await withinSales(app.gold, scope, signal);
  if (bounded === undefined) return { as_of: null, points: [] };
  requireFewPoints(app.calendar, by, bounded);
  return readSeries(app.gold, bounded, by, signal);
});
