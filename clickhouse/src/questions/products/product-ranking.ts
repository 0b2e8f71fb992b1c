import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { asOf } from '../figures/totals.ts';
import { type Gold, READ } from '../gold.ts';
import { productName } from '../names.ts';
import { Parameters } from '../parameters.ts';
import { coverOfScope, type RowsContext, rowsOf } from '../rows.ts';
import { compareText } from '../text-order.ts';
import { units } from './ranking.ts';

const row = z.object({
  product_id: z.string(),
  name: z.string(),
  units,
  revenue_minor: z.int(),
  purchases: z.int(),
  units_before: units,
  revenue_before_minor: z.int(),
  newest: z.int(),
});

/** Every product that was sold or returned in a period or in the one it is compared with. Money in minor units. */
export interface ProductRanking {
  as_of: string | null;
  /** `purchases`: those with the product; they do not add up over products. */
  products: {
    product_id: string;
    product: string;
    units: number;
    revenue_minor: number;
    purchases: number;
    units_before: number;
    revenue_before_minor: number;
  }[];
}

const soldIn = (context: RowsContext, scope: Scope, earlier: 0 | 1): string =>
  `SELECT ${earlier} AS earlier, max(newest) AS newest, sumForEachMap(sold) AS sold
    FROM ${rowsOf(context, scope, coverOfScope(context, scope, 'year'), { columns: ['newest', 'sold'] })}`;

const sql = (context: RowsContext, scope: Scope, before: Scope | undefined): string => `
  SELECT product_id, ${productName('product_id')} AS name,
    sumIf(sums[1], NOT earlier) AS units, sumIf(sums[2], NOT earlier) AS revenue_minor, sumIf(sums[3], NOT earlier) AS purchases,
    sumIf(sums[1], earlier) AS units_before, sumIf(sums[2], earlier) AS revenue_before_minor,
    toUnixTimestamp64Milli(maxIf(newest, NOT earlier)) AS newest
  FROM (
    SELECT earlier, newest, toString(id) AS product_id, sums
    FROM (
    ${soldIn(context, scope, 0)}
    ${before === undefined ? '' : `UNION ALL ${soldIn(context, before, 1)}`}
    )
    ARRAY JOIN mapKeys(sold) AS id, mapValues(sold) AS sums
  )
  GROUP BY product_id
  ${READ}`;

/** All products of a period with their sales in another one (zeros without one), the most units first. */
export const readProductRanking = async (
  gold: Gold,
  scope: Scope,
  before: Scope | undefined,
  signal?: AbortSignal,
): Promise<ProductRanking> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, before);
  const rows = await gold.clickhouse.rows({
    name: 'product_ranking',
    sql: text,
    params: parameters.values,
    row,
    signal,
  });
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    products: rows
      .filter(
        (row) => row.units > 0 || row.units_before > 0 || row.revenue_minor !== 0 || row.revenue_before_minor !== 0,
      )
      // One that the catalog does not know keeps its id.
      .map(({ product_id, name, newest, ...sums }) => ({ product_id, product: name || product_id, ...sums }))
      .sort((a, b) => b.units - a.units || compareText(a.product, b.product)),
  };
};
