import { setTimeout as sleep } from 'node:timers/promises';
import type { PurchaseInput } from '@tillstream/pos-api/record-purchases';

/** Purchases per call: more was not faster. */
const BATCH = 512;

/**
 * Calls at once, each on a connection of its own. All purchases of a customer take the same lane, and so does the same
 * row again: batches that share a customer would wait for each other's lock in Postgres.
 */
export const LANES = 3;

/** Batches that are full and not yet answered: reading waits while there are more, so memory is bounded. */
const BATCHES_WAITING = 2 * LANES;

/** How long the end waits for batches that are on their way when a load is stopped, in milliseconds. */
const STOP_MS = 1_000;

/** The lane of a purchase. The end of an id is its most random part. */
const laneOf = ({ customer_id, fingerprint }: PurchaseInput) =>
  Number.parseInt((customer_id ?? fingerprint).slice(-8), 16) % LANES;

/** Sends batches side by side, and waits when too many are on their way. */
export class Lanes<Entry extends { purchase: PurchaseInput }> {
  readonly #send: (batch: readonly Entry[]) => Promise<void>;
  readonly #failure = new AbortController();
  readonly #waiting = new Set<Promise<void>>();
  readonly #lanes = Array.from({ length: LANES }, () => ({ batch: [] as Entry[], last: Promise.resolve() }));

  /** Aborted when a batch has failed, or the load is stopped. */
  readonly stop: AbortSignal;

  /** @param send what a batch is given to; a lane waits for it before it sends the next one */
  constructor(send: (batch: readonly Entry[]) => Promise<void>, signal: AbortSignal | undefined) {
    this.#send = send;
    this.stop = signal === undefined ? this.#failure.signal : AbortSignal.any([signal, this.#failure.signal]);
  }

  /** Takes one more. Throws what a batch failed with, or the reason of the stop. */
  async add(entry: Entry): Promise<void> {
    const lane = this.#lanes[laneOf(entry.purchase)];
    if (lane?.batch.push(entry) !== BATCH) return;
    this.#launch(lane);
    if (this.#waiting.size > BATCHES_WAITING) await Promise.race(this.#waiting);
    this.stop.throwIfAborted();
  }

  /** Sends what is left and waits for all of it. Throws as {@link add} does. */
  async end(): Promise<void> {
    for (const lane of this.#lanes) if (lane.batch.length > 0) this.#launch(lane);
    await Promise.all(this.#waiting);
    this.stop.throwIfAborted();
  }

  /** What is on its way may still arrive: waits a moment for it. Whether it does makes no difference to the next load. */
  async abandon(): Promise<void> {
    await Promise.race([Promise.all(this.#waiting), sleep(STOP_MS, undefined, { ref: false })]);
  }

  #launch(lane: { batch: Entry[]; last: Promise<void> }): void {
    const { batch, last } = lane;
    lane.batch = [];
    const sent = last
      .then(() => (this.stop.aborted ? undefined : this.#send(batch)))
      .catch((error: unknown) => {
        if (!this.stop.aborted) this.#failure.abort(error);
      })
      .finally(() => this.#waiting.delete(sent));
    lane.last = sent;
    this.#waiting.add(sent);
  }
}
