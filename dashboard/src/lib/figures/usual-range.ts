/** What a day or an hour usually brings, in minor units of money. */
export interface UsualRange {
  low: number;
  usual: number;
  high: number;
}

/** A day or an hour that is over. */
export interface Sold {
  revenue_minor: number;
  purchases: number;
}

/** Weeks that are looked back: the same weekday, and the same hour, of each. */
export const WEEKS = 8;
/** With fewer than these there is no telling what is usual. */
const FEWEST = 5;
/** Makes the median absolute deviation comparable with a standard deviation. */
const MAD_TO_SIGMA = 1.4826;
/** So many deviations from the median are an outlier (Iglewicz and Hoaglin, 1993). */
const CUTOFF = 3.5;
/** A shop whose days are alike to the cent is no reason to call a tenth more unusual. */
const LEAST_SHARE = 0.1;

/**
 * The range in which revenue usually lies, from the same weekday (and hour) of the weeks before: the median ± 3.5 deviations.
 * The deviation is the median absolute one, which a few outliers in the base do not move, and at least what chance alone
 * makes: customers who come independently scatter the sum of n baskets by about √n baskets.
 *
 * @returns undefined when there are too few, or nothing was sold in any of them
 */
export const usualRange = (base: readonly Sold[]): UsualRange | undefined => {
  if (base.length < FEWEST) return undefined;
  const revenues = base.map(({ revenue_minor }) => revenue_minor);
  const purchases = base.reduce((sum, sold) => sum + sold.purchases, 0);
  if (purchases === 0) return undefined;
  const usual = median(revenues);
  const basket = revenues.reduce((sum, revenue) => sum + revenue, 0) / purchases;
  const deviation = Math.max(
    MAD_TO_SIGMA * median(revenues.map((revenue) => Math.abs(revenue - usual))),
    LEAST_SHARE * usual,
    Math.sqrt(Math.max(usual, basket) * basket),
  );
  return {
    low: Math.max(0, Math.round(usual - CUTOFF * deviation)),
    usual: Math.round(usual),
    high: Math.round(usual + CUTOFF * deviation),
  };
};

/** Whether a value is far outside of what is usual, and on which side. */
export const outside = (revenueMinor: number, range: UsualRange | null | undefined): 'above' | 'below' | undefined => {
  if (range === null || range === undefined) return undefined;
  if (revenueMinor > range.high) return 'above';
  return revenueMinor < range.low ? 'below' : undefined;
};

/**
 * The range of each of the last `count` days, each from the same weekday of the weeks before it. Days before the first
 * sale are no part of any base: the shop was not there.
 */
export const usualDays = (days: readonly Sold[], count: number): (UsualRange | null)[] => {
  const first = days.findIndex(({ purchases }) => purchases > 0);
  const start = Math.max(0, days.length - count);
  return days.slice(start).map((_, offset) => {
    const index = start + offset;
    const base = Array.from({ length: WEEKS }, (_unused, week) => index - 7 * (week + 1))
      .filter((earlier) => first >= 0 && earlier >= first)
      .flatMap((earlier) => days[earlier] ?? []);
    return usualRange(base) ?? null;
  });
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};
