import { z } from 'zod';

const ADDED_UP = 'sum(purchases) AS purchases, sum(items) AS items, sum(revenue_minor) AS revenue_minor';
const NEWEST = 'toUnixTimestamp64Milli(max(newest)) AS newest';

/** Sums over exact rows, in the order of {@link totalsRow}. Customers are a union: they do not add up over rows. */
export const TOTALS = `${ADDED_UP}, groupBitmapMerge(customers) AS unique_customers, ${NEWEST}`;

/** The same without customers. */
export const SUMS = `${ADDED_UP}, ${NEWEST}`;

/** The columns of {@link TOTALS}; `newest` in milliseconds since 1970, 0 without any purchase. */
export const totalsRow = {
  purchases: z.int(),
  items: z.int(),
  revenue_minor: z.int(),
  unique_customers: z.int(),
  newest: z.int(),
};

export interface Totals {
  purchases: number;
  items: number;
  revenue_minor: number;
  unique_customers: number;
}

/** What a scope without facts has. */
export const NO_FIGURES = { purchases: 0, items: 0, revenue_minor: 0, unique_customers: 0, newest: 0, products: [] };

export const NO_TOTALS: Totals = { purchases: 0, items: 0, revenue_minor: 0, unique_customers: 0 };

/** The {@link Totals} of a row that tells more. */
export const totalsOf = ({ purchases, items, revenue_minor, unique_customers }: Totals): Totals => ({
  purchases,
  items,
  revenue_minor,
  unique_customers,
});

/** Mean basket in minor units, rounded half up; 0 without purchases. */
export const averageBasket = (revenueMinor: number, purchases: number): number =>
  purchases === 0 ? 0 : Number((2n * BigInt(revenueMinor) + BigInt(purchases)) / (2n * BigInt(purchases)));

/** The newest of some moments (milliseconds; 0 is none) as ISO 8601 in UTC; null when there is none. */
export const asOf = (moments: readonly number[]): string | null => {
  const newest = moments.reduce((latest, moment) => Math.max(latest, moment), 0);
  return newest === 0 ? null : new Date(newest).toISOString();
};
