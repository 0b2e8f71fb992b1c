/** Mean basket in minor units, rounded half up in whole numbers; 0 without purchases. */
export const averageBasket = (revenueMinor: number, purchases: number): number =>
  purchases === 0 ? 0 : Number((2n * BigInt(revenueMinor) + BigInt(purchases)) / (2n * BigInt(purchases)));

/** The newest of some moments (milliseconds) as ISO 8601 in UTC; null when there is none. */
export const asOf = (moments: readonly number[]): string | null => {
  const newest = moments.reduce((latest, moment) => Math.max(latest, moment), Number.NEGATIVE_INFINITY);
  return Number.isFinite(newest) ? new Date(newest).toISOString() : null;
};
