import type { RankedProduct } from '@tillstream/schemas/read-api';
import type { FiguresRow } from '../figures-sql.ts';
import { compareText } from '../text-order.ts';

/** What products are ranked by. */
export type RankedBy = 'units' | 'revenue';

/** Products as the read API gives them: by rank, equal ones by name; one that the catalog does not know keeps its id. */
export const rankedProducts = (
  sold: FiguresRow['products'],
  names: ReadonlyMap<string, string>,
  by: RankedBy,
): RankedProduct[] => {
  const products = sold.map(([product_id, [units, revenue_minor]]) => ({
    product_id,
    product: names.get(product_id) || product_id,
    units,
    revenue_minor,
  }));
  const measure = by === 'units' ? 'units' : 'revenue_minor';
  return products
    .map((product) => ({ ...product, rank: 1 + products.filter((other) => other[measure] > product[measure]).length }))
    .sort((a, b) => a.rank - b.rank || compareText(a.product, b.product) || compareText(a.product_id, b.product_id));
};
