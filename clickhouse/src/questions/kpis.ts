import type { Kpis } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { Gold } from '../gold.ts';
import { asOf, averageBasket, TOTALS, totalsRow } from './figures.ts';
import { countLoyalCustomers } from './loyal-customers.ts';
import { rankedProducts, SOLD, topRow, topSql } from './ranking.ts';

const SQL = `
  SELECT purchases, items, revenue_minor, unique_customers, newest, top
  FROM (SELECT *, ${topSql('units')} FROM (SELECT ${TOTALS}, ${SOLD} FROM period))`;

const row = z.object({ ...totalsRow, ...topRow });

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
  const [[totals], loyal_customers] = await Promise.all([
    gold.answer({
      name: 'kpis',
      scopes: { period: scope },
      coarsest: 'year',
      sql: SQL,
      params: { limit },
      row,
      signal,
    }),
    countLoyalCustomers(gold, scope, signal),
  ]);
  if (totals === undefined) throw new Error('query kpis returned no row');
  return {
    as_of: asOf([totals.newest]),
    purchases: totals.purchases,
    items: totals.items,
    revenue_minor: totals.revenue_minor,
    average_basket_minor: averageBasket(totals.revenue_minor, totals.purchases),
    unique_customers: totals.unique_customers,
    loyal_customers,
    loyal_threshold: loyalThreshold,
    top_products: rankedProducts(totals.top, 'units'),
  };
};
