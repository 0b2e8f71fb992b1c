import type { RankedProduct } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import { productName } from '../names.ts';
import { compareText } from '../text-order.ts';

/** What products are ranked by. */
export type RankedBy = 'units' | 'revenue';

/** Units out of thousandths, as they are summed: 735 is 0.735 (of a kilogram, say). */
export const units = z.int().transform((thousandths) => thousandths / 1000);

/** Products of the first ranks: id, name in the catalog (empty: none), units, revenue in minor units. */
export const ranks = z.array(z.tuple([z.string(), z.string(), units, z.int()]));

/**
 * SQL for the products of the first `limit` ranks out of a map of what each sold. Equal ones share a rank (1, 2, 3, 3): taken
 * are all that sold no less than the last of the first `limit`.
 */
export const topProductsSql = (sold: string, by: RankedBy, limit: string): string => {
  const measure = by === 'units' ? 1 : 2;
  const measures = `arrayReverseSort(arrayMap(sums -> sums[${measure}], mapValues(${sold})))`;
  return `arrayMap((id, sums) -> (toString(id), ${productName('id')}, sums[1], sums[2]),
      arrayFilter((id, sums) -> sums[${measure}] >= ${measures}[least(${limit}, length(${sold}))], mapKeys(${sold}), mapValues(${sold})),
      arrayFilter(sums -> sums[${measure}] >= ${measures}[least(${limit}, length(${sold}))], mapValues(${sold})))`;
};

/** Products as the read API gives them: by rank, equal ones by name; one that the catalog does not know keeps its id. */
export const rankedProducts = (sold: z.output<typeof ranks>, by: RankedBy): RankedProduct[] => {
  const products = sold.map(([product_id, name, units, revenue_minor]) => ({
    product_id,
    product: name || product_id,
    units,
    revenue_minor,
  }));
  const measure = by === 'units' ? 'units' : 'revenue_minor';
  return products
    .map((product) => ({ ...product, rank: 1 + products.filter((other) => other[measure] > product[measure]).length }))
    .sort((a, b) => a.rank - b.rank || compareText(a.product, b.product) || compareText(a.product_id, b.product_id));
};
