import type { RankedProduct } from '@tillstream/schemas/read-api';
import { z } from 'zod';

/** Units and revenue by product over exact rows: a tuple of parallel arrays (product, units, revenue). */
export const SOLD = 'sumMap(product_ids, product_units, product_revenue_minor) AS sold';

/** One ranked product; an empty id stands for "nothing sold". */
export const soldRow = {
  product_id: z.string(),
  product: z.string(),
  units: z.int(),
  product_revenue_minor: z.int(),
  rank: z.int(),
};

interface Sold {
  product_id: string;
  product: string;
  units: number;
  product_revenue_minor: number;
  rank: number;
}

/** Products as the read API gives them: by rank, equal ones by name; one that the catalog does not know keeps its id. */
export const rankedProducts = (rows: readonly Sold[]): RankedProduct[] =>
  rows
    .filter((sold) => sold.product_id !== '')
    .map(({ product_id, product, units, product_revenue_minor, rank }) => ({
      product_id,
      product: product === '' ? product_id : product,
      units,
      revenue_minor: product_revenue_minor,
      rank,
    }))
    .sort((a, b) => a.rank - b.rank || compare(a.product, b.product) || compare(a.product_id, b.product_id));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
