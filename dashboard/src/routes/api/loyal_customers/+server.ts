import { readLoyalCustomers } from '@tillstream/clickhouse/questions/loyal-customers';
import { answer, requireBranch } from '$lib/server/answer.ts';
import { requireFewPoints } from '$lib/server/points.ts';
import { withinSales } from '$lib/server/questions/within-sales.ts';

/** `GET /api/loyal_customers?branch=&from=&to=&format=json|csv`: at the end of each business day. */
export const GET = answer(async (ask) => {
  const { app, parameters, signal } = ask;
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  const bounded = await withinSales(app.clickhouse, scope, signal);
  if (bounded === undefined) return { points: [] };
  requireFewPoints(app.calendar, 'day', bounded);
  return { points: await readLoyalCustomers(app.clickhouse, app.calendar, bounded, signal) };
}, 'points');
