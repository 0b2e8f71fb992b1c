import type { RankedProduct } from '@tillstream/schemas/read-api';
import { z } from 'zod';

/** What products are ranked by. */
export type RankedBy = 'units' | 'revenue';

/** Units and revenue by product over exact rows: a tuple of parallel arrays (product, units, revenue). */
export const SOLD = 'sumMap(product_ids, product_units, product_revenue_minor) AS sold';

/**
 * SQL of the column `top` out of {@link SOLD}: the products of the first {limit:UInt32} ranks, equal ones included, as
 * [id, name, units, revenue]. In arrays, because a window and a join would take longer to plan than to run.
 */
export const topSql = (by: RankedBy): string => {
  const ranking = by === 'units' ? 'sold.2' : 'sold.3';
  const ranked = (values: string) => `arrayFilter((value, measure) -> measure >= least_ranked, ${values}, ${ranking})`;
  return `
    arrayElement(arrayReverseSort(${ranking}), toInt64(least({limit:UInt32}, length(${ranking})))) AS least_ranked,
    (SELECT mapFromArrays(groupArray(toString(product_id)), groupArray(product)) FROM gold.products) AS names,
    arrayMap((id, units, revenue) -> (toString(id), names[toString(id)], units, revenue),
      ${ranked('sold.1')}, ${ranked('sold.2')}, ${ranked('sold.3')}) AS top`;
};

/** The column of {@link topSql}. */
export const topRow = { top: z.array(z.tuple([z.string(), z.string(), z.int(), z.int()])) };

type Top = z.output<typeof topRow.top>;

/** Products as the read API gives them: by rank, equal ones by name; one that the catalog does not know keeps its id. */
export const rankedProducts = (top: Top, by: RankedBy): RankedProduct[] => {
  const products = top.map(([product_id, product, units, revenue_minor]) => ({
    product_id,
    product: product === '' ? product_id : product,
    units,
    revenue_minor,
  }));
  const measure = by === 'units' ? 'units' : 'revenue_minor';
  return products
    .map((product) => ({ ...product, rank: 1 + products.filter((other) => other[measure] > product[measure]).length }))
    .sort((a, b) => a.rank - b.rank || compare(a.product, b.product) || compare(a.product_id, b.product_id));
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
