import { clickhouseTime } from '@tillstream/clickhouse/clickhouse-time';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { READ } from '@tillstream/clickhouse/questions/gold';
import { z } from 'zod';
import type { LastPurchase } from '../../../figures/figures.ts';
import { IS_WATCHED, OF_BRANCH, rowsOf, type Watched, watchedParams } from './watched.ts';

const SQL = `
  SELECT ${OF_BRANCH} AS of_branch, toString(purchase_id) AS id, branch_id, toUnixTimestamp64Milli(sold_at) AS sold,
    units AS items, total_minor, product_ids AS products
  FROM gold.purchases
  WHERE slot >= toStartOfFifteenMinutes({from:DateTime64(3, 'UTC')}) AND sold_at >= {from:DateTime64(3, 'UTC')} AND ${IS_WATCHED}
  ORDER BY sold_at DESC, purchase_id
  LIMIT {limit:UInt32} BY of_branch
  ${READ}`;

const row = z.object({
  of_branch: z.string(),
  id: z.string(),
  branch_id: z.string(),
  sold: z.int(),
  items: z.int(),
  total_minor: z.int(),
  products: z.array(z.string()),
});

const HOUR = 3_600_000;

/**
 * The newest purchases by time of sale, of each branch that is watched; their products are ids. The last hour is read first,
 * and earlier hours only for branches that have too few in it, so that the cost does not grow with the chain's history.
 */
export const readLastPurchases = async (
  clickhouse: ClickHouse,
  { watched, now, limit }: { watched: readonly Watched[]; now: number; limit: number },
  signal?: AbortSignal,
): Promise<Map<Watched, LastPurchase[]>> => {
  const found = new Map<Watched, LastPurchase[]>();
  for (const from of [now - HOUR, now - 24 * HOUR, now - 31 * 24 * HOUR, 0]) {
    const left = watched.filter((branch) => !found.has(branch));
    if (left.length === 0) break;
    const params = { ...watchedParams(left), from: clickhouseTime(from), limit };
    const rows = await clickhouse.rows({ name: 'last_purchases', sql: SQL, params, row, signal });
    for (const branch of left) {
      const newest = rowsOf(rows, branch).slice(0, limit);
      if (newest.length < limit && from > 0) continue;
      found.set(
        branch,
        newest.map(({ of_branch: _, sold, ...purchase }) => ({
          ...purchase,
          sold_at: new Date(sold).toISOString(),
        })),
      );
    }
  }
  return found;
};
