/*
 * What a receipt costs, computed as Postgres does (pos-api/sql/00-amounts.sql), which decides: amounts.int.test.ts holds the two side by
 * side. Quantities are thousandths, money is in minor units. Products of the two may be above 2^53, hence BigInt.
 */

/** Thousandths in a whole: a quantity of 1 is 1000. */
export const WHOLE = 1000;

/** amount × part / whole, rounded half up; 0 of nothing. */
export const shareOf = (amount: number, part: number, whole: number): number =>
  whole === 0 ? 0 : Number((2n * BigInt(amount) * BigInt(part) + BigInt(whole)) / (2n * BigInt(whole)));

/** A line without its discount: quantity × price, rounded half up. */
export const grossOf = (quantity: number, unitPrice: number): number => shareOf(unitPrice, quantity, WHOLE);

/** Line totals less their shares of the receipt's discount, which is at most their sum. The shares add up to it. */
export const netAmounts = (totals: readonly number[], discount: number): number[] => {
  const whole = totals.reduce((sum, total) => sum + total, 0);
  let soFar = 0;
  return totals.map((total) => {
    const before = shareOf(discount, soFar, whole);
    soFar += total;
    return total - (shareOf(discount, soFar, whole) - before);
  });
};

/** So many hundredths of a percent of an amount, rounded half up. */
export const percentOf = (amount: number, hundredths: number): number => shareOf(amount, hundredths, 10_000);

/** What comes back for `quantity` more of a product of which `before` was returned: everything, in any steps, is all that was paid. */
export const refundOf = (paid: number, bought: number, before: number, quantity: number): number =>
  shareOf(paid, before + quantity, bought) - shareOf(paid, before, bought);
