import { z } from 'zod';
import type { ClickHouse } from '../../client.ts';
import { customersOf } from './customer-rows.ts';

/** From this many purchases on customers stand in one row. */
const MOST_PURCHASES = 20;

const sql = (branch: string | undefined) => `
  SELECT least(purchases, ${MOST_PURCHASES}) AS times, count() AS customers
  FROM ${customersOf(branch)}
  GROUP BY times ORDER BY times`;

const row = z.object({ times: z.int(), customers: z.int() });

/** How often customers come: by purchases of all time (with a branch: there); the last row means that many or more. */
export interface Frequency {
  rows: { purchases: number; customers: number }[];
}

/** Exact; its cost grows with the number of customers. */
export const readFrequency = async (
  clickhouse: ClickHouse,
  branch: string | undefined,
  signal?: AbortSignal,
): Promise<Frequency> => {
  const rows = await clickhouse.rows({
    name: 'frequency',
    sql: sql(branch),
    params: { branch: branch ?? '' },
    row,
    signal,
  });
  const found = new Map(rows.map(({ times, customers }) => [times, customers]));
  const last = Math.max(0, ...found.keys());
  return {
    rows: Array.from({ length: last }, (_, index) => ({ purchases: index + 1, customers: found.get(index + 1) ?? 0 })),
  };
};
