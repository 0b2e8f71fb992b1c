import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { compareText } from '../text-order.ts';
import { asOf } from './figures.ts';

interface RankedProduct {
  product_id: string;
  product: string;
  units: number;
  revenue_minor: number;
  purchases: number;
  units_before: number;
  revenue_before_minor: number;
}

/** Every product that was sold in a period or in the one it is compared with. Money in minor units. */
export interface ProductRanking {
  as_of: string | null;
  /** `purchases`: those with the product; they do not add up over products. */
  products: RankedProduct[];
}

/** All products of a period with their sales in another one (zeros without one), the most units first. */
export const readProductRanking = async (
  gold: Gold,
  scope: Scope,
  before: Scope | undefined,
  signal?: AbortSignal,
): Promise<ProductRanking> => {
  const [rows, names] = await Promise.all([
    gold.figures({
      name: 'product_ranking',
      scopes: before === undefined ? { period: scope } : { period: scope, earlier: before },
      products: 'all',
      customers: false,
      signal,
    }),
    gold.productNames(),
  ]);
  const ranked = new Map<string, RankedProduct>();
  for (const { scope, products } of rows) {
    for (const [product_id, [units, revenue_minor, purchases]] of products) {
      const product = ranked.get(product_id) ?? {
        product_id,
        // One that the catalog does not know keeps its id.
        product: names.get(product_id) || product_id,
        units: 0,
        revenue_minor: 0,
        purchases: 0,
        units_before: 0,
        revenue_before_minor: 0,
      };
      if (scope === 'period') Object.assign(product, { units, revenue_minor, purchases });
      else Object.assign(product, { units_before: units, revenue_before_minor: revenue_minor });
      ranked.set(product_id, product);
    }
  }
  const products = [...ranked.values()]
    .filter(({ units, units_before }) => units > 0 || units_before > 0)
    .sort((a, b) => b.units - a.units || compareText(a.product, b.product));
  return { as_of: asOf(rows.filter(({ scope }) => scope === 'period').map(({ newest }) => newest)), products };
};
