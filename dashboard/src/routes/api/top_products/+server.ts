import { readTopProducts } from '@tillstream/clickhouse/questions/products/top-products';
import { figures, requireBranch } from '$lib/server/api/answer.ts';

/** `GET /api/top_products?limit=3&by=units|revenue&branch=&from=&to=` */
export const GET = figures('top_products', async (ask) => {
  const { app, parameters, signal } = ask;
  const limit = parameters.wholeNumber('limit', 1, 1000) ?? 3;
  const by = parameters.oneOf('by', ['units', 'revenue']) ?? 'units';
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  return readTopProducts(app.gold, scope, { limit, by }, signal);
});
