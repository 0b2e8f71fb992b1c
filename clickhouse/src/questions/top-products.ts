import type { TopProducts } from '@tillstream/schemas/read-api';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, NO_FIGURES } from './figures.ts';
import { type RankedBy, rankedProducts } from './ranking.ts';

/** The products of the first `limit` ranks (1, 2, 3, 3: equal ones share a rank, so there may be more than `limit`). */
export const readTopProducts = async (
  gold: Gold,
  scope: Scope,
  { limit, by }: { limit: number; by: RankedBy },
  signal?: AbortSignal,
): Promise<TopProducts> => {
  const [[found = NO_FIGURES], names] = await Promise.all([
    gold.figures({
      name: 'top_products',
      scopes: { period: scope },
      products: { first: limit, by },
      customers: false,
      signal,
    }),
    gold.productNames(),
  ]);
  return { as_of: asOf([found.newest]), products: rankedProducts(found.products, names, by) };
};
