import type { Kpis } from '@tillstream/schemas/read-api';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, averageBasket, NO_FIGURES } from './figures.ts';
import { countLoyalCustomers } from './loyal-customers.ts';
import { rankedProducts } from './ranking.ts';

/**
 * The main figures of a period: of purchases all of one moment, beside the loyal customers of that moment. Money in minor units. Unique
 * customers bought at least once in the period; loyal ones had reached the threshold before its end (with a branch: there). Neither adds
 * up over branches.
 */
export const readKpis = async (
  gold: Gold,
  scope: Scope,
  loyalThreshold: number,
  { limit = 3, signal }: { limit?: number; signal?: AbortSignal } = {},
): Promise<Kpis> => {
  const [[totals = NO_FIGURES], loyal_customers, names] = await Promise.all([
    gold.figures({ name: 'kpis', scopes: { period: scope }, products: { first: limit, by: 'units' }, signal }),
    countLoyalCustomers(gold, scope, signal),
    gold.productNames(),
  ]);
  return {
    as_of: asOf([totals.newest]),
    purchases: totals.purchases,
    items: totals.items,
    revenue_minor: totals.revenue_minor,
    average_basket_minor: averageBasket(totals.revenue_minor, totals.purchases),
    unique_customers: totals.unique_customers,
    loyal_customers,
    loyal_threshold: loyalThreshold,
    top_products: rankedProducts(totals.products, names, 'units'),
  };
};
