import { sqlState } from '../database.ts';
import type { PurchaseAnswer, PurchaseCheck, PurchaseInput } from '../record-purchases.ts';

/** Records a batch in one transaction; answers in the order of the batch. */
export type RecordBatch = (batch: readonly (PurchaseInput | PurchaseCheck)[]) => Promise<PurchaseAnswer[]>;

export interface QueueLimits {
  /** Purchases of one transaction at most. */
  batch: number;
  /** As many waiting ones start a transaction without a turn of the event loop. */
  eager: number;
  /** Transactions at the same time. */
  inFlight: number;
  /** Past this many waiting ones, new ones are refused at once. */
  waiting: number;
}

/** The queue is full: the till should come back in a second, with the same key. */
export class QueueFullError extends Error {}

interface Waiting {
  input: PurchaseInput | PurchaseCheck;
  resolve: (answer: PurchaseAnswer) => void;
  reject: (error: unknown) => void;
}

/**
 * Group commit: purchases that arrive together share a transaction, and so its round trip and its fsync.
 * A lone one goes at once.
 */
export class CommitQueue {
  readonly #record: RecordBatch;
  readonly #limits: QueueLimits;
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #scheduled = false;

  constructor(record: RecordBatch, limits: QueueLimits) {
    this.#record = record;
    this.#limits = limits;
  }

  /** Purchases that wait for a transaction. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when the purchase is committed, or refused. Throws {@link QueueFullError}, or what Postgres throws. */
  submit(input: PurchaseInput | PurchaseCheck): Promise<PurchaseAnswer> {
    if (this.#waiting.length >= this.#limits.waiting)
      return Promise.reject(new QueueFullError('too many purchases wait'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject });
      if (this.#waiting.length >= this.#limits.eager) this.#flush();
      else this.#schedule();
    });
  }

  /** One turn of the event loop lets the requests that have already arrived join. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#inFlight < this.#limits.inFlight) {
      const group = this.#waiting.splice(0, this.#limits.batch);
      this.#inFlight += 1;
      void this.#commit(group).finally(() => {
        this.#inFlight -= 1;
        this.#flush();
      });
    }
  }

  async #commit(group: Waiting[]): Promise<void> {
    try {
      const answers = await this.#record(group.map(({ input }) => input));
      group.forEach(({ resolve, reject }, index) => {
        const answer = answers[index];
        if (answer) resolve(answer);
        else reject(new Error('Postgres answered fewer purchases than it was given'));
      });
    } catch (error) {
      // A value that Postgres cannot take fails the whole transaction: each one by itself, so that only its till sees it.
      if (isDataError(error) && group.length > 1) {
        for (const one of group) await this.#commit([one]);
      } else {
        for (const { reject } of group) reject(error);
      }
    }
  }
}

/** SQLSTATE classes 22 (data exception) and 23 (integrity constraint). */
const isDataError = (error: unknown) => /^2[23]/.test(sqlState(error) ?? '');
