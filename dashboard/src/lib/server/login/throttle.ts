/** So many attempts at once, then one more each time (ms) has gone by. */
export interface Pace {
  atOnce: number;
  everyMs: number;
}

const MOST_ADDRESSES = 10_000;

/**
 * Slows down who tries passwords: each address by itself, and all of them together, for those who have many. It counts in
 * this process; each replica has its own count.
 */
export class Throttle {
  readonly #each: Pace;
  readonly #all: Pace;
  /** When all attempts so far will have been made up for. */
  readonly #until = new Map<string, number>();
  #untilAll = 0;

  constructor(each: Pace, all: Pace) {
    this.#each = each;
    this.#all = all;
  }

  /** Milliseconds until the next attempt from this address is allowed; 0: now, and it is counted. */
  take(address: string, now: number): number {
    const until = Math.max(now, this.#until.get(address) ?? 0);
    const untilAll = Math.max(now, this.#untilAll);
    const wait = Math.max(waitOf(this.#each, until - now), waitOf(this.#all, untilAll - now));
    if (wait > 0) return wait;
    this.#until.delete(address);
    this.#until.set(address, until + this.#each.everyMs);
    this.#untilAll = untilAll + this.#all.everyMs;
    // The one that tried longest ago goes first.
    if (this.#until.size > MOST_ADDRESSES) this.#until.delete(this.#until.keys().next().value ?? address);
    return 0;
  }

  /** The attempt was the owner's: the address starts anew. */
  forgive(address: string): void {
    this.#until.delete(address);
  }
}

const waitOf = ({ atOnce, everyMs }: Pace, owed: number): number => Math.max(0, owed - (atOnce - 1) * everyMs);
