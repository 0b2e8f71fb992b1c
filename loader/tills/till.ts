import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { popularityOf } from '../generate/demo/assortment.ts';
import type { Channel, ShopTime } from '../generate/demo/pace.ts';
import { drawReceipt, eveningOff, grossOf } from '../generate/demo/receipt.ts';
import type { Random } from '../generate/random.ts';
import { customerId, drawCustomer } from '../generate/shop.ts';
import { problemText, type TillApi, type TillProduct } from './api.ts';
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
  channel: Channel;
  /** What is sold now. */
  products: () => readonly TillProduct[];
  /** Sales per second, on average: at the present moment, and never more than. */
  rate: () => number;
  mostRate: number;
  /** Whether somebody buys as soon as it opens. */
  sellsAtOnce?: boolean;
  /** The shop's clock now. */
  shopTime: () => ShopTime;
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
    items: { product_id: string; quantity: number; discount_minor?: number }[];
    channel?: 'web';
    cashier?: string;
    tenders: { type: string; amount_minor: number }[];
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
  /** Wakes the sender. */
  #wake: (() => void) | undefined;

  constructor(options: TillOptions, api: TillApi, tally: Tally) {
    this.#options = options;
    this.#api = api;
    this.#tally = tally;
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
    const { random, rate, mostRate, sellsAtOnce = false, clock = realClock } = this.#options;
    let next = clock.now();
    for (let isFirst = sellsAtOnce; !closing.aborted; isFirst = false) {
      // Exponential gaps: customers come independently of each other. When fewer come, some of them do not.
      if (!isFirst) next += (-Math.log(1 - random.next()) / mostRate) * 1000;
      await clock.sleep(Math.max(0, next - clock.now()), closing);
      if (closing.aborted) return;
      const comes = isFirst || random.next() * mostRate < rate();
      if (!comes || this.#queue.length >= FULL) continue;
      this.#queue.push(this.#draw());
      this.#wake?.();
    }
  }

  #draw(): Sale {
    const { branch, channel, random, seed, customers, shopTime } = this.#options;
    const number = drawCustomer(random, customers);
    const time = shopTime();
    const products = this.#options.products();
    const weights = products.map(({ product_id }) => popularityOf(product_id));
    const offer = { products, weights, off: (product: TillProduct) => eveningOff(product, time) };
    const { lines, cashier, tender } = drawReceipt(random, offer, channel, branch, time);
    const total = lines.reduce((sum, line) => sum + grossOf(line) - line.discount, 0);
    return {
      // Not from the seed: a second run with the same seed sells anew, it does not repeat.
      key: randomUUID(),
      body: {
        branch_id: branch,
        ...(number === undefined ? {} : { customer_id: customerId(seed, number) }),
        items: lines.map(({ product, quantity, discount }) => ({
          product_id: product.product_id,
          quantity: quantity / 1000,
          ...(discount > 0 && { discount_minor: discount }),
        })),
        ...(channel === 'web' && { channel }),
        ...(cashier !== '' && { cashier }),
        tenders: [{ type: tender, amount_minor: total }],
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
