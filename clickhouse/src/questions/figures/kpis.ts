import type { Kpis } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { BEGINNING } from '../../calendar/shop-calendar.ts';
import { type Gold, READ } from '../gold.ts';
import { countBothMilestones, countMilestones } from '../milestones.ts';
import { Parameters } from '../parameters.ts';
import { rankedProducts, ranks, topProductsSql } from '../products/ranking.ts';
import { coverOfScope, type RowsContext, rowsOf } from '../rows.ts';
import { asOf, averageBasket, MONEY, MONEY_SUMS, moneyOf, moneyRow, SUMMED, SUMS, sumsRow } from './totals.ts';

const row = z.object({ ...sumsRow, ...moneyRow, unique_customers: z.int(), loyal_customers: z.int(), top: ranks });

/**
 * All time: who ever bought had a first purchase before the end, so nobody has to be told apart. Any other period: the union of
 * its customers.
 */
const sql = (context: RowsContext, scope: Scope, limit: number): string => {
  const cover = coverOfScope(context, scope, 'year');
  const top = topProductsSql('all_sold', 'units', context.parameters.bind('limit', 'UInt32', limit));
  if (scope.from <= BEGINNING) {
    return `
  SELECT purchases, items, revenue_minor, ${MONEY.join(', ')}, newest, both.1 AS unique_customers, both.2 AS loyal_customers, ${top} AS top
  FROM (
    SELECT ${SUMS}, ${MONEY_SUMS}, sumForEachMap(sold) AS all_sold, ${countBothMilestones(context, scope)} AS both
    FROM ${rowsOf(context, scope, cover, { columns: [...SUMMED, ...MONEY, 'sold'] })}
  )
  ${READ}`;
  }
  return `
  SELECT purchases, items, revenue_minor, ${MONEY.join(', ')}, newest, unique_customers, loyal_customers, ${top} AS top
  FROM (
    SELECT ${SUMS}, ${MONEY_SUMS}, groupBitmapMerge(customers) AS unique_customers, sumForEachMap(sold) AS all_sold,
      ${countMilestones(context, { ...scope, from: BEGINNING }, 'loyal')} AS loyal_customers
    FROM ${rowsOf(context, scope, cover, { columns: [...SUMMED, ...MONEY, 'customers', 'sold'] })}
  )
  ${READ}`;
};

/**
 * The main figures of a period, all of one moment. Money in minor units. Unique customers bought at least once in the period;
 * loyal ones had reached the threshold before its end (with a branch: there). Neither adds up over branches. The products are
 * those of the first `limit` ranks by units.
 */
export const readKpis = async (
  gold: Gold,
  scope: Scope,
  loyalThreshold: number,
  { limit = 3, signal }: { limit?: number; signal?: AbortSignal } = {},
): Promise<Kpis> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, limit);
  const found = await gold.clickhouse.row({ name: 'kpis', sql: text, params: parameters.values, row, signal });
  return {
    as_of: asOf([found.newest]),
    purchases: found.purchases,
    items: found.items,
    revenue_minor: found.revenue_minor,
    ...moneyOf(found),
    average_basket_minor: averageBasket(found.revenue_minor, found.purchases),
    unique_customers: found.unique_customers,
    loyal_customers: found.loyal_customers,
    loyal_threshold: loyalThreshold,
    top_products: rankedProducts(found.top, 'units'),
  };
};
