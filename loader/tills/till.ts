import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Random } from '../generate/random.ts';
import { customerId, drawBasket, drawCustomer, popularity } from '../generate/shop.ts';
import { problemText, type TillApi } from './api.ts';
import type { Tally } from './tally.ts';

/** The time that a till sells by: milliseconds since some moment, and a wait that a signal ends early. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<unknown>;
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
};

/** A till and where it stands. */
export interface TillOptions {
  branch: string;
  /** Product ids that are sold. */
  products: readonly string[];
  /** Sales per second, on average. */
  rate: number;
  /** The seed of the customers' ids, and how many customers there are. */
  seed: number;
  customers: number;
  random: Random;
  clock?: Clock;
}

interface Sale {
  key: string;
  body: {
    branch_id: string;
    customer_id?: string;
    items: { product_id: string; quantity: 1 }[];
    sold_at: string;
  };
}

const VOIDED = 0.01;
const SENT_TWICE = 0.005;

/** A till with this many sales that the API has not taken sells nothing more: paper is full. Bounds memory. */
const FULL = 10_000;

const recorded = z.object({ purchase_id: z.string() });

/** A till: sells at random moments, sends one sale after the other, and keeps each until the API has answered for it. */
export class Till {
  readonly #queue: Sale[] = [];
  readonly #options: TillOptions;
  readonly #api: TillApi;
  readonly #tally: Tally;
  readonly #weights: number[];
  /** Wakes the sender. */
  #wake: (() => void) | undefined;

  constructor(options: TillOptions, api: TillApi, tally: Tally) {
    this.#options = options;
    this.#api = api;
    this.#tally = tally;
    this.#weights = options.products.map(popularity);
  }

  /** Sales that the API has not answered for. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Sells until `closing`, sends what is left, and ends when that is done or when `stop` says so. */
  async run(closing: AbortSignal, stop: AbortSignal): Promise<void> {
    closing.addEventListener('abort', () => this.#wake?.(), { once: true });
    await Promise.all([this.#sell(closing), this.#send(closing, stop)]);
  }

  async #sell(closing: AbortSignal) {
    const { random, rate, clock = realClock } = this.#options;
    let next = clock.now();
    while (!closing.aborted) {
      // Exponential gaps: customers come independently of each other.
      next += (-Math.log(1 - random.next()) / rate) * 1000;
      await clock.sleep(Math.max(0, next - clock.now()), closing);
      if (closing.aborted) return;
      if (this.#queue.length >= FULL) continue;
      this.#queue.push(this.#draw());
      this.#wake?.();
    }
  }

  #draw(): Sale {
    const { branch, products, random, seed, customers } = this.#options;
    const number = drawCustomer(random, customers);
    return {
      // Not from the seed: a second run with the same seed sells anew, it does not repeat.
      key: randomUUID(),
      body: {
        branch_id: branch,
        ...(number === undefined ? {} : { customer_id: customerId(seed, number) }),
        items: drawBasket(random, this.#weights).map((index) => {
          return { product_id: products[index] ?? '', quantity: 1 };
        }),
        sold_at: new Date().toISOString(),
      },
    };
  }

  async #send(closing: AbortSignal, stop: AbortSignal) {
    while (!stop.aborted) {
      const sale = this.#queue[0];
      if (sale === undefined) {
        if (closing.aborted) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      try {
        await this.#post(sale, stop);
        this.#queue.shift();
      } catch (error) {
        if (!stop.aborted) throw error;
      }
    }
  }

  async #post(sale: Sale, stop: AbortSignal) {
    const retried = () => {
      this.#tally.retried++;
    };
    const { random } = this.#options;
    const answer = await this.#api.post('/v1/purchases', sale.body, sale.key, retried, stop);
    this.#tally.answered(answer.latency);
    const purchase = recorded.safeParse(answer.body);
    if (answer.status !== 201 || !purchase.success) {
      this.#tally.refused++;
      this.#tally.lastRefusal = problemText(answer);
      return;
    }
    if (answer.replayed) this.#tally.replayed++;
    else this.#tally.posted++;

    if (random.next() < SENT_TWICE) {
      const again = await this.#api.post('/v1/purchases', sale.body, sale.key, retried, stop);
      if (again.replayed) this.#tally.replayed++;
    }
    if (random.next() < VOIDED) {
      const path = `/v1/purchases/${purchase.data.purchase_id}/void`;
      const voided = await this.#api.post(path, {}, undefined, retried, stop);
      if (voided.status === 200) this.#tally.voided++;
    }
  }
}
