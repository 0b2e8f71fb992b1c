import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ClickHouse } from '../../client.ts';
import { customersOf } from './customer-rows.ts';

const sql = (branch: string | undefined) => `
  SELECT toString(customer_id) AS customer_id, purchases, spent_minor, loyal_since IS NOT NULL AS loyal,
    toUnixTimestamp64Milli(last_sold_at) AS last
  FROM ${customersOf(branch)}
  ORDER BY spent_minor DESC, customer_id
  LIMIT {limit:UInt32}`;

const row = z.object({
  customer_id: z.string(),
  purchases: z.int(),
  spent_minor: z.int(),
  loyal: z.union([z.boolean(), z.int()]).transform(Boolean),
  last: z.int(),
});

/** Customers who spent most in all time (with a branch: there), each under a pseudonym. */
export interface TopCustomers {
  customers: { pseudonym: string; purchases: number; spent_minor: number; loyal: boolean; last_sold_at: string }[];
}

/** Easily told apart by eye: no I, L, O or U. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A short name that is always the same for a customer and does not lead back to the id. */
export const pseudonymOf = (customerId: string): string => {
  const bytes = createHash('sha256').update(`pseudonym/${customerId}`).digest();
  const letters = [...bytes.subarray(0, 6)].map((byte) => LETTERS[byte % 32]).join('');
  return `${letters.slice(0, 3)}-${letters.slice(3)}`;
};

/** Exact; its cost grows with the number of customers. */
export const readTopCustomers = async (
  clickhouse: ClickHouse,
  { branch, limit }: { branch: string | undefined; limit: number },
  signal?: AbortSignal,
): Promise<TopCustomers> => {
  const rows = await clickhouse.rows({
    name: 'top_customers',
    sql: sql(branch),
    params: { branch: branch ?? '', limit },
    row,
    signal,
  });
  return {
    customers: rows.map(({ customer_id, last, ...customer }) => ({
      pseudonym: pseudonymOf(customer_id),
      ...customer,
      last_sold_at: new Date(last).toISOString(),
    })),
  };
};
