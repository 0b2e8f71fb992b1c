/** What a customer handed over; of cash it may be more than is due. */
export interface Handed {
  type: string;
  amount_minor: number;
}

/** The tender of which change is given. */
export const CASH = 'cash';

/** How far a total is paid. `tenders` are what the sale keeps: without the change. */
export interface Payment {
  due_minor: number;
  change_minor: number;
  tenders: Handed[];
}

/** What is still due after all that was handed over, and what goes back: change comes out of cash alone. */
export const paymentOf = (total: number, handed: readonly Handed[]): Payment => {
  const sums = new Map<string, number>();
  for (const { type, amount_minor } of handed) sums.set(type, (sums.get(type) ?? 0) + amount_minor);
  const given = [...sums.values()].reduce((sum, amount) => sum + amount, 0);
  const change_minor = Math.max(0, Math.min(given - total, sums.get(CASH) ?? 0));
  const tenders = [...sums].map(([type, amount_minor]) => ({
    type,
    amount_minor: type === CASH ? amount_minor - change_minor : amount_minor,
  }));
  return {
    due_minor: Math.max(0, total - given),
    change_minor,
    tenders: tenders.filter(({ amount_minor }) => amount_minor > 0),
  };
};

/** Round amounts that a customer may hand over for what is due, the smallest first. */
export const roundAmounts = (due: number, decimals: number): number[] => {
  const found = new Set<number>();
  for (let unit = 10 ** decimals; found.size < 4 && unit < 10 ** 13; unit *= 10) {
    for (const note of [unit, 2 * unit, 5 * unit]) {
      const amount = Math.ceil(due / note) * note;
      // A coin beside a large sum helps nobody.
      if (amount > due && note * 10 >= due) found.add(amount);
    }
  }
  return [...found].sort((a, b) => a - b).slice(0, 4);
};
