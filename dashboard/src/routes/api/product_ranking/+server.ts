import { readProductRanking } from '@tillstream/clickhouse/questions/products/product-ranking';
import { figures, requireBranch } from '$lib/server/api/answer.ts';

/** `GET /api/product_ranking?branch=&from=&to=&format=json|csv|parquet`: every product that was sold. */
export const GET = figures('product_ranking', async (ask) => {
  const scope = ask.parameters.scope(ask.app.calendar);
  ask.parameters.check();
  await requireBranch(ask, scope.branch);
  const { as_of, products } = await readProductRanking(ask.app.gold, scope, undefined, ask.signal);
  return {
    as_of,
    products: products.map(({ units_before: _, revenue_before_minor: __, ...product }) => product),
  };
});
