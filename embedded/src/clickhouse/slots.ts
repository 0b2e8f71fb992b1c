import { ClickHouseError } from './http/errors.ts';

/** A bounded queue in front of a fixed number of places to run in. First come, first served. */
export class Slots {
  #free: number;
  readonly #size: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];

  /** `size` run at once, `maxWaiting` more wait for them; beyond that `take` refuses. */
  constructor(size: number, maxWaiting: number) {
    this.#free = size;
    this.#size = size;
    this.#maxWaiting = maxWaiting;
  }

  /** How many run now. */
  get running(): number {
    return this.#size - this.#free;
  }

  /**
   * Waits for a place; the function it gives back frees it.
   * Throws a ClickHouseError 202 (HTTP 503) when too many wait already, and the signal's reason when it fires first.
   */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      const text = `Too many simultaneous queries: ${this.#size} run, ${this.#maxWaiting} wait`;
      throw ClickHouseError.of(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', text);
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
