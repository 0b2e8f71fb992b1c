const QUARTER = 900_000;
const QUARTERS = 96;

/** Counts moments by quarters of an hour: how many lie before the start of one is a sum of days, not of moments. */
export class MomentCounts {
  readonly #days = new Map<number, { all: number; quarters: Int32Array }>();

  /** Takes one moment (ms since 1970) off, and adds another one; NaN or undefined is none. */
  replace(before: number | undefined, after: number): void {
    this.#add(before, -1);
    this.#add(after, 1);
  }

  /** How many moments lie before one; undefined when it is not the start of a quarter of an hour: their order within one is not known. */
  before(moment: number): number | undefined {
    if (moment % QUARTER !== 0) return undefined;
    const { day, quarter } = placeOf(moment);
    let count = 0;
    for (const [of, { all, quarters }] of this.#days) {
      if (of < day) count += all;
      else if (of === day) for (let index = 0; index < quarter; index++) count += quarters[index] ?? 0;
    }
    return count;
  }

  #add(moment: number | undefined, by: 1 | -1): void {
    if (moment === undefined || Number.isNaN(moment)) return;
    const { day, quarter } = placeOf(moment);
    const counts = this.#days.get(day) ?? { all: 0, quarters: new Int32Array(QUARTERS) };
    this.#days.set(day, counts);
    counts.all += by;
    counts.quarters[quarter] = (counts.quarters[quarter] ?? 0) + by;
  }
}

const placeOf = (moment: number): { day: number; quarter: number } => {
  const quarters = Math.floor(moment / QUARTER);
  const day = Math.floor(quarters / QUARTERS);
  return { day, quarter: quarters - day * QUARTERS };
};
