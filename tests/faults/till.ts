import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { purchaseResponse } from '@tillstream/schemas/api';

/** A sale that was answered 201, and perhaps voided later. */
export interface Sale {
  purchase_id: string;
  customer_id: string | null;
  items: number;
  total_minor: number;
  voided: boolean;
}

const PRODUCTS = ['milk', 'bread', 'eggs', 'butter', 'cheese'];
const TIMEOUT_MS = 1_500;
const SLOWEST_RETRY_MS = 1_000;

/**
 * A till that sells until it is told to stop, and retries each sale with its key until it is answered, as tills do:
 * after a timeout, a broken connection or a 5xx it cannot know whether the sale was recorded.
 */
export class Till {
  readonly sales: Sale[] = [];
  /** Keys of sales that were refused with a 4xx: none of them may be anywhere. */
  readonly refusedKeys: string[] = [];
  retries = 0;
  readonly #api: string;
  readonly #branch: string;
  readonly #customers: readonly string[];
  #selling = true;

  constructor(api: string, branch: string, customers: readonly string[]) {
    this.#api = api;
    this.#branch = branch;
    this.#customers = customers;
  }

  /** Sells, with this pause (ms) in between, until {@link stop}; the sale in hand is brought to its end. */
  async run(pauseMs: number): Promise<void> {
    while (this.#selling) {
      const dice = Math.random();
      if (dice < 0.05) await this.#sellNonsense();
      else await this.#sell(dice < 0.15);
      await delay(pauseMs * (0.5 + Math.random()));
    }
  }

  stop(): void {
    this.#selling = false;
  }

  async #sell(thenVoid: boolean): Promise<void> {
    const customer_id =
      Math.random() < 0.8 ? (this.#customers[Math.floor(Math.random() * this.#customers.length)] ?? null) : null;
    const items = PRODUCTS.filter(() => Math.random() < 0.5);
    const body = {
      branch_id: this.#branch,
      ...(customer_id && { customer_id }),
      items: (items.length > 0 ? items : ['milk']).map((product_id) => ({ product_id, quantity: 1 })),
    };
    const answer = await this.#untilAnswered('/v1/purchases', randomUUID(), body);
    if (answer.status !== 201) throw new Error(`a good sale was answered ${answer.status}: ${answer.text}`);
    const { purchase_id, total_minor, items: sold } = purchaseResponse.parse(JSON.parse(answer.text));
    const sale: Sale = { purchase_id, customer_id, items: sold.length, total_minor, voided: false };
    this.sales.push(sale);
    if (thenVoid) {
      const voided = await this.#untilAnswered(`/v1/purchases/${purchase_id}/void`, randomUUID(), {});
      if (voided.status !== 200) throw new Error(`a void was answered ${voided.status}: ${voided.text}`);
      sale.voided = true;
    }
  }

  async #sellNonsense(): Promise<void> {
    const key = randomUUID();
    const body = { branch_id: this.#branch, items: [{ product_id: 'caviar', quantity: 1 }] };
    const { status } = await this.#untilAnswered('/v1/purchases', key, body);
    if (status !== 422) throw new Error(`nonsense was answered ${status}`);
    this.refusedKeys.push(key);
  }

  async #untilAnswered(path: string, key: string, body: unknown): Promise<{ status: number; text: string }> {
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await fetch(this.#api + path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const text = await response.text();
        if (response.status < 500 && response.status !== 429) return { status: response.status, text };
      } catch {
        // Whether it was recorded is not known: the same key asks again.
      }
      this.retries += 1;
      await delay(Math.min(SLOWEST_RETRY_MS, 50 * 2 ** attempt) * (0.5 + Math.random() / 2));
    }
  }
}
