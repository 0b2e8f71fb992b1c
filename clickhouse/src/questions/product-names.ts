import { z } from 'zod';
import type { ClickHouse } from '../client.ts';
import { ONE_THREAD } from '../facts.ts';

const SQL = `SELECT product_id, product FROM gold.products SETTINGS ${ONE_THREAD}`;

const row = z.object({ product_id: z.string(), product: z.string() });

/** The names of the catalog by product. */
export type ProductNames = ReadonlyMap<string, string>;

/** Reads the names as they are now. */
export const readProductNames = async (
  clickhouse: Pick<ClickHouse, 'rows'>,
  signal?: AbortSignal,
): Promise<ProductNames> => {
  const rows = await clickhouse.rows({ name: 'product_names', sql: SQL, row, signal });
  return new Map(rows.map(({ product_id, product }) => [product_id, product]));
};

/** Names are as old as this (ms) at most: they change with the catalog alone, and every answer with products needs them. */
const SAME_NAMES_MS = 5_000;

/** Reads them once for all questions of some seconds. */
export const rememberProductNames = (
  clickhouse: Pick<ClickHouse, 'rows'>,
  now: () => number,
): ((signal?: AbortSignal) => Promise<ProductNames>) => {
  let known: { names: ProductNames; at: number } | undefined;
  return async (signal) => {
    const at = now();
    if (known === undefined || at - known.at >= SAME_NAMES_MS)
      known = { names: await readProductNames(clickhouse, signal), at };
    return known.names;
  };
};
