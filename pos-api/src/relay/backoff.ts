const FIRST_MS = 100;
const SLOWEST_MS = 2_000;

/** Pauses that double, each shortened by chance up to a half, so that relays that failed together do not return together. */
export class Backoff {
  #ms = FIRST_MS;

  /** Milliseconds to wait before the next try. */
  next(): number {
    const ms = this.#ms * (0.5 + Math.random() / 2);
    this.#ms = Math.min(this.#ms * 2, SLOWEST_MS);
    return ms;
  }

  /** Something went well: the next failure is a first one. */
  reset(): void {
    this.#ms = FIRST_MS;
  }
}
