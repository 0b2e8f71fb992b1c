import { dateOf } from '@tillstream/clickhouse/calendar/shop-calendar';
import { readProductSales } from '@tillstream/clickhouse/questions/products/product-sales';
import { figures, requireBranch } from '$lib/server/api/answer.ts';
import { newestSale } from '$lib/server/questions/sales/newest-sale.ts';

/** `GET /api/product_sales?product=&by=day|hour|branch&branch=&from=&to=&format=json|csv|parquet`: one product where it was sold. */
export const GET = figures('product_sales', async (ask) => {
  const { app, parameters, signal } = ask;
  const product = parameters.read('product', (text) => text, 'a product');
  if (product === undefined) parameters.fault('product', 'is missing');
  const by = parameters.oneOf('by', ['day', 'hour', 'branch']) ?? 'day';
  const scope = parameters.scope(app.calendar);
  parameters.check();
  await requireBranch(ask, scope.branch);
  const as_of = await newestSale(app.gold, scope, signal);
  const rows = await readProductSales(app.gold, scope, product ?? '', by, signal);
  return {
    as_of,
    sales: rows
      .sort((a, b) => a.key.localeCompare(b.key, 'en', { numeric: true }))
      .map(({ key, ...sold }) => ({ [by]: by === 'day' ? dateOf(Number(key)) : key, ...sold })),
  };
});
