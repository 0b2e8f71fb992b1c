import { sqlState, UnavailableError } from '../postgres/database.ts';
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
  /** Milliseconds until a till is told that Postgres does not answer. */
  patienceMs: number;
}

/** The queue is full: the till should come back in a second, with the same key. */
export class QueueFullError extends Error {}

interface Waiting {
  input: PurchaseInput | PurchaseCheck;
  /** Its till has been told to come back. */
  expired: boolean;
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

  /** Transactions that are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the next purchase would be refused. */
  get isFull(): boolean {
    return this.#waiting.length >= this.#limits.waiting;
  }

  /**
   * Resolves when the purchase is committed, or refused. Throws {@link QueueFullError}, what Postgres throws, or
   * {@link UnavailableError} when Postgres has not answered in time: then the purchase may be recorded or not, which the
   * same key tells later.
   */
  submit(input: PurchaseInput | PurchaseCheck): Promise<PurchaseAnswer> {
    if (this.isFull) return Promise.reject(new QueueFullError('too many purchases wait'));
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        input,
        expired: false,
        resolve: (answer) => {
          clearTimeout(patience);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(patience);
          reject(error);
        },
      };
      const patience = setTimeout(() => {
        waiting.expired = true;
        reject(new UnavailableError('Postgres does not answer'));
      }, this.#limits.patienceMs);
      this.#waiting.push(waiting);
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
      // Whose till has gone away to come back later would only hold up those that still wait.
      if (this.#waiting.some((one) => one.expired)) this.#waiting = this.#waiting.filter((one) => !one.expired);
      const group = this.#waiting.splice(0, this.#limits.batch);
      if (group.length === 0) return;
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
