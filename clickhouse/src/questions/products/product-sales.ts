import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { IS_SALE } from '../../schema/fact-sums.ts';
import { type Gold, READ } from '../gold.ts';
import { Parameters } from '../parameters.ts';
import { coverOfScope, factsOf, type Key, type Places, type RowsContext, spansWhere } from '../rows.ts';
import { units } from './ranking.ts';

/** What one product's sales are told apart by: the business day, the hour of the shop's clock, the branch. */
export type ProductSalesBy = 'day' | 'hour' | 'branch';

/** How the key is told, and the longest span that lies under one key. */
const keyOf = (
  { gold, parameters }: RowsContext,
  by: ProductSalesBy,
): { key: Key; coarsest: 'slot' | 'day' | 'year' } => {
  if (by === 'branch') return { key: ['place', 'branch_id'], coarsest: 'year' };
  if (by === 'day') return { key: ['toUInt16(first_day)', `toUInt16(${gold.shopDay})`], coarsest: 'day' };
  const zone = parameters.bind('time_zone', 'String', gold.calendar.timeZone);
  return { key: [`toHour(toTimezone(start, ${zone}))`, `toHour(toTimezone(slot, ${zone}))`], coarsest: 'slot' };
};

const sql = (context: RowsContext, scope: Scope, product: string, by: ProductSalesBy): string => {
  const { key, coarsest } = keyOf(context, by);
  const places: Places = by === 'branch' ? 'branches' : 'scope';
  const cover = coverOfScope(context, scope, coarsest);
  const wanted = context.parameters.bind('product', 'String', product);
  const facts = `SELECT toString(${key[1]}) AS key,
      sumIf(arraySum((id, quantity) -> if(id = ${wanted}, toUInt64(greatest(quantity, 0) * 1000), 0), product_ids, quantities), ${IS_SALE}) AS units,
      sum(arraySum((id, line_total) -> if(id = ${wanted}, line_total, 0), product_ids, line_totals_minor)) AS revenue_minor,
      countIf(${IS_SALE}) AS purchases
    FROM ${factsOf(context, scope, cover)} AND has(product_ids, ${wanted}) GROUP BY key`;
  const spans = `SELECT toString(${key[0]}) AS key, product_units[at] AS units, product_revenue_minor[at] AS revenue_minor,
      product_purchases[at] AS purchases
    FROM (
      SELECT *, indexOf(product_ids, ${wanted}) AS at FROM sealed.spans FINAL WHERE ${spansWhere(context, scope, cover, places)}
    )
    WHERE at > 0`;
  return `
  SELECT key, sum(units) AS units, sum(revenue_minor) AS revenue_minor, sum(purchases) AS purchases
  FROM (
    ${[...(cover.spans.length > 0 ? [spans] : []), facts].join('\n    UNION ALL ')}
  )
  GROUP BY key
  ${READ}`;
};

const row = z.object({ key: z.string(), units, revenue_minor: z.int(), purchases: z.int() });

/** Sales of one product under one key: days since 1970, hour 0–23, or branch id. */
export type ProductSales = z.output<typeof row>;

/**
 * One product's sales in a period, only where there are any. All three figures add up over the keys. By hour, its cost grows
 * with the facts of those days whose slots are no longer kept.
 */
export const readProductSales = async (
  gold: Gold,
  scope: Scope,
  product: string,
  by: ProductSalesBy,
  signal?: AbortSignal,
): Promise<ProductSales[]> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, product, by);
  return gold.clickhouse.rows({ name: `product_sales_by_${by}`, sql: text, params: parameters.values, row, signal });
};
