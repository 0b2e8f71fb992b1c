import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { purchaseResponse } from '@tillstream/schemas/api';
import type { Book } from './book.ts';
import type { Client } from './client.ts';

const MOST_TILLS = 64;
const TIMEOUT_MS = 2_000;
const SLOWEST_RETRY_MS = 1_000;
/** A till that has no answer by then is out of order: a failure. */
const PATIENCE_MS = 90_000;

/** How it went for a group of tills. Latencies in ms, from the first attempt to the 201, retries included. */
export interface Takings {
  answered: number;
  failed: number;
  retries: number;
  seconds: number;
  p50: number;
  p99: number;
  worst: number;
}

/** Tills that sell at the proxy and ask again with the same key until they are answered. */
export class Tills {
  readonly #client: () => Client;
  readonly #book: Book;
  readonly #branches: readonly string[];
  readonly #products: readonly string[];
  readonly #customers = Array.from({ length: 400 }, () => randomUUID());
  readonly #answeredAt: number[] = [];
  #latencies: number[] = [];
  #retries = 0;
  #failed = 0;

  /** @param client the one of the moment: another stack has another certificate */
  constructor(client: () => Client, book: Book, branches: readonly string[], products: readonly string[]) {
    this.#client = client;
    this.#book = book;
    this.#branches = branches;
    this.#products = products;
  }

  /** How many sales were answered before this moment (ms since 1970). */
  answeredBefore(moment: number): number {
    let low = 0;
    let high = this.#answeredAt.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#answeredAt[middle] ?? 0) < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * About this many sales a second until the work is done; then until all are answered. Each till has one sale in hand at a
   * time, as in a shop: a till that waits for its answer sells nothing else, so that an outage does not pile up a storm.
   */
  async sellDuring(perSecond: number, work: () => Promise<void>): Promise<Takings> {
    const tills = Math.min(MOST_TILLS, Math.max(4, Math.ceil(perSecond / 4)));
    const pauseMs = (tills / perSecond) * 1000;
    let working = true;
    const done = work().finally(() => {
      working = false;
    });
    const began = performance.now();
    const till = async () => {
      await delay(Math.random() * pauseMs);
      while (working) {
        const next = performance.now() + pauseMs;
        await this.#sell();
        await delay(Math.max(0, next - performance.now()));
      }
    };
    await Promise.all([done, ...Array.from({ length: tills }, till)]);
    return this.#takings((performance.now() - began) / 1000);
  }

  /** As many as this many tills can sell one after the other in this time. */
  async sellFlatOut(tills: number, seconds: number): Promise<Takings> {
    const began = performance.now();
    const till = async () => {
      while (performance.now() - began < seconds * 1000) await this.#sell();
    };
    await Promise.all(Array.from({ length: tills }, till));
    return this.#takings((performance.now() - began) / 1000);
  }

  #takings(seconds: number): Takings {
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (share: number) =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
    const takings = {
      answered: sorted.length,
      failed: this.#failed,
      retries: this.#retries,
      seconds,
      p50: at(0.5),
      p99: at(0.99),
      worst: at(1),
    };
    this.#latencies = [];
    this.#retries = 0;
    this.#failed = 0;
    return takings;
  }

  async #sell(): Promise<void> {
    const branch = pick(this.#branches);
    const customer = Math.random() < 0.8 ? pick(this.#customers) : undefined;
    const chosen = this.#products.filter(() => Math.random() < 3 / this.#products.length);
    const products = chosen.length > 0 ? chosen : [pick(this.#products)];
    const body = JSON.stringify({
      branch_id: branch,
      ...(customer !== undefined && { customer_id: customer }),
      items: products.map((product_id) => ({ product_id, quantity: 1 })),
    });
    const key = randomUUID();
    const began = performance.now();
    for (let attempt = 0; performance.now() - began < PATIENCE_MS; attempt++) {
      try {
        const { status, text } = await this.#client().ask('POST', '/v1/purchases', {
          body,
          key,
          timeoutMs: TIMEOUT_MS,
        });
        if (status === 201) {
          const { purchase_id, total_minor } = purchaseResponse.parse(JSON.parse(text));
          this.#book.note(purchase_id, { branch, customer, products, totalMinor: total_minor });
          this.#latencies.push(performance.now() - began);
          this.#answeredAt.push(Date.now());
          return;
        }
        if (status < 500 && status !== 429) throw new Refused(`a good sale was answered ${status}: ${text}`);
      } catch (error) {
        if (error instanceof Refused) throw error;
        // Whether it was recorded is not known: the same key asks again.
      }
      this.#retries += 1;
      await delay(Math.min(SLOWEST_RETRY_MS, 50 * 2 ** attempt) * (0.5 + Math.random() / 2));
    }
    this.#failed += 1;
  }
}

/** An answer that no till would ask again for. */
class Refused extends Error {}

const pick = <T>(from: readonly T[]): T => {
  const value = from[Math.floor(Math.random() * from.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
};
