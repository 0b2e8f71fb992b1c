import type { ClickHouse } from '@tillstream/clickhouse/client';
import { ONE_THREAD } from '@tillstream/clickhouse/facts';
import { END } from '@tillstream/clickhouse/shop-calendar';
import { z } from 'zod';
import type { LastPurchase } from '../../figures.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

const SQL = `
  WITH (SELECT mapFromArrays(groupArray(toString(product_id)), groupArray(product)) FROM gold.products) AS names
  SELECT toString(purchase_id) AS id, branch_id, toUnixTimestamp64Milli(sold_at) AS sold, units AS items, total_minor,
    arrayMap(product_id -> if(mapContains(names, toString(product_id)), names[toString(product_id)], toString(product_id)), product_ids) AS products
  FROM gold.purchases
  WHERE ${IN_SCOPE}
  ORDER BY sold_at DESC, purchase_id
  LIMIT {limit:UInt32}
  SETTINGS ${ONE_THREAD}`;

const row = z.object({
  id: z.string(),
  branch_id: z.string(),
  sold: z.int(),
  items: z.int(),
  total_minor: z.int(),
  products: z.array(z.string()),
});

const HOUR = 3_600_000;

/**
 * The newest purchases by time of sale. It looks at the last hour first and further back only when that holds too
 * few, so that it stays cheap however much the chain sells and however long it has.
 */
export const readLastPurchases = async (
  clickhouse: ClickHouse,
  { branch, now, limit }: { branch?: string; now: number; limit: number },
  signal?: AbortSignal,
): Promise<LastPurchase[]> => {
  for (const from of [now - HOUR, now - 24 * HOUR, now - 31 * 24 * HOUR, 0]) {
    const params = { ...scopeParams({ branch, from, to: END }), limit };
    const rows = await clickhouse.rows({ name: 'last_purchases', sql: SQL, params, row, signal });
    if (rows.length < limit && from > 0) continue;
    return rows.map(({ sold, ...purchase }) => ({ ...purchase, sold_at: new Date(sold).toISOString() }));
  }
  return [];
};
