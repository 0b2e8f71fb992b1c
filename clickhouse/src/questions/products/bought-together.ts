import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import type { ClickHouse } from '../../client.ts';
import { productName } from '../names.ts';

/** One scan: the product with the empty id stands for the basket itself, so that its counts are those of all baskets. */
const SQL = `
  SELECT id AS product_id, ${productName('id')} AS product, baskets, together
  FROM (
    SELECT id, count() AS baskets, countIf(has_it) AS together
    FROM (
      SELECT arrayPushBack(arrayDistinct(arrayMap(product -> toString(product), product_ids)), '') AS ids,
        has(product_ids, {product:String}) AS has_it
      FROM gold.purchases
      WHERE slot >= {first_slot:UInt32} AND slot < {after_slot:UInt32}
        AND sold_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND sold_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND ({branch:String} = '' OR branch_id = {branch:String})
    )
    ARRAY JOIN ids AS id
    GROUP BY id
    HAVING together > 0 OR id = ''
  )
  ORDER BY together DESC, product_id
  LIMIT {limit:UInt32}
  SETTINGS optimize_use_projections = 0, do_not_merge_across_partitions_select_final = 1`;

const row = z.object({ product_id: z.string(), product: z.string(), baskets: z.int(), together: z.int() });

/** What a product was bought with. */
export interface BoughtTogether {
  /** Purchases in the scope, and those of them with the product. */
  baskets: number;
  with_product: number;
  /** Products that share a basket with it, the most frequent first. */
  products: {
    product_id: string;
    product: string;
    /** Baskets with both. */
    together: number;
    /** Share of all baskets with both, 0 to 1. */
    support: number;
    /** Share of the product's baskets that hold the other one, too. */
    confidence: number;
    /** How many times as often as in any basket; 1 means that the two have nothing to do with each other. */
    lift: number;
  }[];
}

/** From the facts: its cost grows with the scope, which must have both ends. At most `limit` products. */
export const readBoughtTogether = async (
  clickhouse: ClickHouse,
  scope: Scope,
  { product, limit = 12 }: { product: string; limit?: number },
  signal?: AbortSignal,
): Promise<BoughtTogether> => {
  const rows = await clickhouse.rows({
    name: 'bought_together',
    sql: SQL,
    params: {
      product,
      // The product itself and the row of all baskets come with the others.
      limit: limit + 2,
      first_slot: Math.floor(scope.from / 900_000) * 900,
      after_slot: Math.ceil(scope.to / 1000),
      from: scope.from,
      to: scope.to,
      branch: scope.branch ?? '',
    },
    row,
    signal,
  });
  const all = rows.find(({ product_id }) => product_id === '');
  const [baskets, with_product] = [all?.baskets ?? 0, all?.together ?? 0];
  const others = rows.filter((other) => other.product_id !== '' && other.product_id !== product && other.together > 0);
  return {
    baskets,
    with_product,
    products: others.slice(0, limit).map(({ product_id, product: name, baskets: with_other, together }) => ({
      product_id,
      product: name || product_id,
      together,
      support: together / baskets,
      confidence: together / with_product,
      lift: (together * baskets) / (with_product * with_other),
    })),
  };
};
