import { z } from 'zod';

/** Sums over rows, in the order of {@link sumsRow}. */
export const SUMS = `sum(purchases) AS purchases, sum(items) AS items, sum(revenue_minor) AS revenue_minor,
    toUnixTimestamp64Milli(max(newest)) AS newest`;

/** The columns that {@link SUMS} adds up. */
export const SUMMED = ['purchases', 'items', 'revenue_minor', 'newest'] as const;

/** Money in minor units; `newest` in milliseconds since 1970, 0 without any purchase. */
export const sumsRow = { purchases: z.int(), items: z.int(), revenue_minor: z.int(), newest: z.int() };

/** What adds up. */
export interface Sums {
  purchases: number;
  items: number;
  revenue_minor: number;
}

/** With customers, who do not. */
export interface Totals extends Sums {
  unique_customers: number;
}

/** The {@link Sums} of a row that tells more; zeros without one. */
export const sumsOf = (row: Sums | undefined): Sums => ({
  purchases: row?.purchases ?? 0,
  items: row?.items ?? 0,
  revenue_minor: row?.revenue_minor ?? 0,
});

/** Mean basket in minor units, rounded half up; 0 without purchases. */
export const averageBasket = (revenueMinor: number, purchases: number): number =>
  purchases === 0 ? 0 : Number((2n * BigInt(revenueMinor) + BigInt(purchases)) / (2n * BigInt(purchases)));

/** The newest of some moments (milliseconds; 0 is none) as ISO 8601 in UTC; null when there is none. */
export const asOf = (moments: readonly number[]): string | null => {
  const newest = moments.reduce((latest, moment) => Math.max(latest, moment), 0);
  return newest === 0 ? null : new Date(newest).toISOString();
};
