import { bitsOf, type Customers, wordsOf } from '../customer-sets.ts';

/** The customers whose first month this is (its first day, days since 1970), and how many of them bought in each month that has sales from it on. */
export interface Cohort {
  first_month: number;
  sold_months: number[];
  customers: number[];
}

/** The cohorts of the months from `first` on, out of the customers of each month, and of those before it. */
export const cohortsOf = (byMonth: ReadonlyMap<number, Customers>, first: number): Cohort[] => {
  const months = [...byMonth].sort(([a], [b]) => a - b);
  const words = wordsOf([...byMonth.values()]);
  const seen = bitsOf(
    months.filter(([month]) => month < first).map(([, customers]) => customers),
    words,
  );
  const sold = months.filter(([month]) => month >= first);
  const bits = sold.map(([, customers]) => bitsOf([customers], words));
  return sold.map(([first_month], cohort) => {
    const fresh = (bits[cohort] ?? new Uint32Array(words)).map((word, index) => word & ~(seen[index] ?? 0));
    add(seen, fresh);
    return {
      first_month,
      sold_months: sold.slice(cohort).map(([month]) => month),
      customers: bits.slice(cohort).map((later) => countBoth(fresh, later)),
    };
  });
};

const add = (bits: Uint32Array, others: Uint32Array): void => {
  for (let index = 0; index < others.length; index++) bits[index] = (bits[index] ?? 0) | (others[index] ?? 0);
};

const countBoth = (some: Uint32Array, others: Uint32Array): number => {
  let count = 0;
  for (let index = 0; index < some.length; index++) count += bitsIn((some[index] ?? 0) & (others[index] ?? 0));
  return count;
};

/** How many bits of a word are set: pairs, then fours and bytes are added up side by side (Warren, Hacker's Delight, 5-1). */
const bitsIn = (word: number): number => {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};
