import { z } from 'zod';
import type { ClickHouse } from '../client.ts';
import { ONE_THREAD } from '../facts.ts';

const SQL = `SELECT product_id, product FROM gold.products SETTINGS ${ONE_THREAD}`;

const row = z.object({ product_id: z.string(), product: z.string() });

/** The names of the catalog by product. */
export const readProductNames = async (
  clickhouse: Pick<ClickHouse, 'rows'>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  const rows = await clickhouse.rows({ name: 'product_names', sql: SQL, row, signal });
  return new Map(rows.map(({ product_id, product }) => [product_id, product]));
};
