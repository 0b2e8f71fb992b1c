import { readLoyalCustomers } from '@tillstream/clickhouse/questions/customers/loyal-customers';
import { figures, requireBranch } from '$lib/server/api/answer.ts';
import { requireFewPoints } from '$lib/server/api/points.ts';
import { newestSale } from '$lib/server/questions/sales/newest-sale.ts';
import { withinSales } from '$lib/server/questions/sales/within-sales.ts';

/** `GET /api/loyal_customers?branch=&from=&to=&format=json|csv|parquet`: at the end of each business day. */
export const GET = figures('loyal_customers', async (ask) => {
  const { app, parameters, signal } = ask;
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  const bounded = await withinSales(app.gold, scope, signal);
  if (bounded === undefined) return { as_of: null, points: [] };
  requireFewPoints(app.calendar, 'day', bounded);
  const as_of = await newestSale(app.gold, scope, signal);
  return { as_of, points: await readLoyalCustomers(app.gold, bounded, signal) };
});
