import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

const SQL = `
  SELECT product_id, product, unit_price_minor, active
  FROM gold.products WHERE product_id = {product:String}`;

const row = z.object({
  product_id: z.string(),
  product: z.string(),
  unit_price_minor: z.int(),
  active: z.union([z.boolean(), z.int()]).transform(Boolean),
});

/** A product as the catalog has it now; undefined when it has none of that id. */
export const readProduct = async (clickhouse: ClickHouse, product: string, signal?: AbortSignal) => {
  const [found] = await clickhouse.rows({ name: 'product', sql: SQL, params: { product }, row, signal });
  return found;
};
