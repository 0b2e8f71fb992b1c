import type { AggregatedSales } from '@tillstream/schemas/read-api';
import { dateOf } from '../calendar/shop-calendar.ts';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { compareText } from '../text-order.ts';
import { asOf, averageBasket } from './figures.ts';

/**
 * Sales by product, country and month of the shop's business days. `average_basket_minor` is the mean total of the
 * purchases that the product was in. Both ends of the scope must be given; neither purchases nor customers add up
 * over products.
 */
export const readAggregatedSales = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<AggregatedSales> => {
  const [months, names] = await Promise.all([gold.products(scope, signal), gold.productNames()]);
  return {
    as_of: asOf(months.map(({ newest }) => newest)),
    rows: months.flatMap(({ first_day, country, sold }) => {
      const month = dateOf(first_day).slice(0, 7);
      return sold
        .map(([product_id, purchases, units, revenue_minor, baskets_minor, unique_customers]) => ({
          product_id,
          // One that the catalog does not know keeps its id.
          product: names.get(product_id) || product_id,
          country,
          month,
          purchases,
          units,
          revenue_minor,
          average_basket_minor: averageBasket(baskets_minor, purchases),
          unique_customers,
        }))
        .sort((a, b) => b.units - a.units || compareText(a.product, b.product));
    }),
  };
};
