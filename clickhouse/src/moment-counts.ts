const QUARTER = 900_000;
const QUARTERS = 96;

/** How many moments lie before one (ms since 1970); undefined where that is not known. */
export type CountBefore = (moment: number) => number | undefined;

/** Counts moments by quarters of an hour: how many lie before the start of one is a sum of days, not of moments. */
export class MomentCounts {
  readonly #days = new Map<number, { all: number; quarters: Int32Array }>();

  /** Takes one moment (ms since 1970) off, and adds another one; NaN or undefined is none. */
  replace(before: number | undefined, after: number): void {
    this.#add(before, -1);
    this.#add(after, 1);
  }

  /** Adds so many moments of a quarter of an hour, by its number since 1970. */
  addQuarter(quarters: number, count: number): void {
    this.#addAt(placeOf(quarters * QUARTER), count);
  }

  /** How many moments lie before one; undefined when that is within a quarter of an hour that has some: their order there is not known. */
  before(moment: number): number | undefined {
    const { day, quarter } = placeOf(moment);
    let count = 0;
    for (const [of, { all, quarters }] of this.#days) {
      if (of < day) count += all;
      else if (of === day) {
        if (moment % QUARTER !== 0 && quarters[quarter] !== 0) return undefined;
        for (let index = 0; index < quarter; index++) count += quarters[index] ?? 0;
      }
    }
    return count;
  }

  #add(moment: number | undefined, by: 1 | -1): void {
    if (moment !== undefined && !Number.isNaN(moment)) this.#addAt(placeOf(moment), by);
  }

  #addAt({ day, quarter }: Place, by: number): void {
    const counts = this.#days.get(day) ?? { all: 0, quarters: new Int32Array(QUARTERS) };
    this.#days.set(day, counts);
    counts.all += by;
    counts.quarters[quarter] = (counts.quarters[quarter] ?? 0) + by;
  }
}

interface Place {
  day: number;
  quarter: number;
}

const placeOf = (moment: number): Place => {
  const quarters = Math.floor(moment / QUARTER);
  const day = Math.floor(quarters / QUARTERS);
  return { day, quarter: quarters - day * QUARTERS };
};
