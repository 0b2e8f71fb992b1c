import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

const SQL = 'SELECT product_id, product FROM gold.products';

const row = z.object({ product_id: z.string(), product: z.string() });

/** The names of the catalog by product. */
export const readProductNames = async (
  clickhouse: ClickHouse,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  const rows = await clickhouse.rows({ name: 'product_names', sql: SQL, row, signal });
  return new Map(rows.map(({ product_id, product }) => [product_id, product]));
};
