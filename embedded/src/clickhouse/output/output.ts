import type { ServerResponse } from 'node:http';
import type { Outcome } from '../outcome.ts';
import { Delivery } from './delivery.ts';
import type { Packing } from './packing.ts';

/** What an output asks of the engine. */
interface Source {
  kill(): void;
  /** It may give more. */
  goOn(): void;
}

/** Where a result goes, until nobody wants it: then the engine is asked to end, and what it still gives is dropped. */
export class Output {
  readonly #delivery: Delivery;
  readonly #source: Source;
  #failure: unknown;
  #dropped = false;

  constructor(res: ServerResponse, format: string, packing: Packing | undefined, source: Source) {
    this.#source = source;
    this.#delivery = new Delivery(res, format, packing, () => source.goOn());
    // A client that has gone takes nothing more, and the engine must not wait for it.
    res.once('close', () => this.drop());
  }

  /** What made it give up; the engine's own error is only that it was asked to end. */
  get failure(): unknown {
    return this.#failure;
  }

  drop(): void {
    this.#dropped = true;
    this.#source.goOn();
  }

  /** Takes a piece; false: no more until the source is told to go on. */
  take(chunk: Buffer): boolean {
    if (this.#dropped) return true;
    try {
      return this.#delivery.write(chunk);
    } catch (error) {
      this.#failure = error;
      this.drop();
      this.#source.kill();
      return true;
    }
  }

  /** Throws what made it give up. */
  async end(outcome: Outcome): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#dropped) await this.#delivery.finish(outcome);
  }
}
