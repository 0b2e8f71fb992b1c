import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';

const SQL = 'SELECT product_id, product FROM gold.products SETTINGS max_threads = 1';

const row = z.object({ product_id: z.string(), product: z.string() });

/** The names of products in the catalog, by their ids. */
export const readProductNames = async (
  clickhouse: Pick<ClickHouse, 'rows'>,
  signal?: AbortSignal,
): Promise<Map<string, string>> => {
  const rows = await clickhouse.rows({ name: 'product_names', sql: SQL, row, signal });
  return new Map(rows.map(({ product_id, product }) => [product_id, product]));
};
