import { z } from 'zod';
import { type Gold, READ } from './gold.ts';

/**
 * SQL for the name of a product in the catalog now; empty where the catalog does not know it. The names are read once a
 * statement, so that they are of the same moment.
 */
export const productName = (id: string): string => `transform(toString(${id}),
    ((SELECT (groupArray(toString(product_id)), groupArray(name)) FROM silver.products FINAL) AS catalog).1, catalog.2, '')`;

const row = z.object({ product_id: z.string(), name: z.string() });

/** The names of all products as they are now, by id. */
export const readProductNames = async (
  clickhouse: Gold['clickhouse'],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  const sql = `SELECT product_id, name FROM silver.products FINAL ${READ}`;
  const rows = await clickhouse.rows({ name: 'product_names', sql, row, signal });
  return new Map(rows.map(({ product_id, name }) => [product_id, name]));
};
