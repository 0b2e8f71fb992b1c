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

/** Mean basket in minor units, rounded half up, below zero too; 0 without purchases. */
export const averageBasket = (revenueMinor: number, purchases: number): number => {
  if (purchases === 0) return 0;
  const [above, below] = [2n * BigInt(revenueMinor) + BigInt(purchases), 2n * BigInt(purchases)];
  const towardsZero = above / below;
  return Number(above < 0n && above % below !== 0n ? towardsZero - 1n : towardsZero);
};

/** What makes up the revenue: gross less discounts less returns; all add up. */
export const MONEY = ['gross_minor', 'discount_minor', 'returned_minor', 'returns'] as const;
export const MONEY_SUMS = MONEY.map((column) => `sum(${column}) AS ${column}`).join(', ');
export const moneyRow = { gross_minor: z.int(), discount_minor: z.int(), returned_minor: z.int(), returns: z.int() };

/** See {@link MONEY}. */
export type Money = Record<(typeof MONEY)[number], number>;

/** The {@link Money} of a row that tells more; zeros without one. */
export const moneyOf = (row: Money | undefined): Money => ({
  gross_minor: row?.gross_minor ?? 0,
  discount_minor: row?.discount_minor ?? 0,
  returned_minor: row?.returned_minor ?? 0,
  returns: row?.returns ?? 0,
});

/** The newest of some moments (milliseconds; 0 is none) as ISO 8601 in UTC; null when there is none. */
export const asOf = (moments: readonly number[]): string | null => {
  const newest = moments.reduce((latest, moment) => Math.max(latest, moment), 0);
  return newest === 0 ? null : new Date(newest).toISOString();
};
