import { setTimeout as sleep } from 'node:timers/promises';
import type { PurchaseInput } from '@tillstream/pos-api/record-purchases';
import { branchId, PURCHASE_COLUMNS } from '@tillstream/schemas/files';
import { currencyDecimals } from '@tillstream/schemas/money';
import { BRANCHES } from '../../generate/shop.ts';
import { readBranches, readProducts } from '../catalog/read-catalog.ts';
import { openCsv } from '../files/csv-file.ts';
import { openRejects } from '../files/rejects.ts';
import type { Store } from '../store.ts';
import { faultReason, type PurchaseRules, type RowPurchase, readPurchase } from './purchases.ts';
import { shopClock } from './times.ts';

/** What to load, and by which rules. */
export interface LoadFilesOptions {
  /** Paths. */
  products: string;
  purchases: string;
  /** Without it the demo branches are added, unless they are there already. */
  branches?: string | undefined;
  /** The folder of the reject file; made when it is not there. */
  rejects: string;
  /** `SHOP_TIMEZONE` and `CHAIN_SINCE` (a date on the shop's clock). */
  timeZone: string;
  chainSince: string;
  /** Called whenever figures have changed, at most every 100 ms. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Stops the load at once; what was loaded stays, and another load goes on from there. */
  signal?: AbortSignal | undefined;
}

/** How far a load is. */
export interface Progress {
  /** Bytes of the purchases file: read, and in all. */
  bytes: number;
  totalBytes: number;
  /** Rows read: those answered for are loaded, duplicates or rejected. */
  rows: number;
  loaded: number;
  duplicates: number;
  rejected: number;
  /** Batches sent again because Postgres was away or busy. */
  retries: number;
}

/** What a load came to. */
export interface LoadSummary extends Progress {
  seconds: number;
  /** Path of the reject file; undefined when nothing was rejected. */
  rejects: string | undefined;
  /** The signal stopped it before its end. */
  interrupted: boolean;
}

/** Purchases per call: more was not faster. */
const BATCH = 512;

/**
 * Calls at once, each on a connection of its own. All purchases of a customer take the same lane, and so does the same
 * row again: batches that share a customer would wait for each other's lock in Postgres.
 */
export const LANES = 3;

/** Batches that are full and not yet answered: reading waits while there are more, so memory is bounded. */
const BATCHES_WAITING = 2 * LANES;

/** The lane of a purchase. The end of an id is its most random part. */
const laneOf = ({ customer_id, fingerprint }: PurchaseInput) =>
  Number.parseInt((customer_id ?? fingerprint).slice(-8), 16) % LANES;

/** How long a batch is tried while Postgres is away, and how long an interrupted load waits for its last batches. */
const RETRY_MS = 60_000;
const STOP_MS = 1_000;

/** Calls a batch until it succeeds, fails for good, or a minute is over. */
const withRetry = async <T>(
  call: () => Promise<T>,
  store: Store,
  onRetry: () => void,
  signal: AbortSignal,
): Promise<T> => {
  const deadline = Date.now() + RETRY_MS;
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!store.isPassing(error) || Date.now() > deadline) throw error;
      onRetry();
      await sleep(Math.min(100 * 2 ** attempt, 5_000) * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }
};

/**
 * Loads CSV files into the system. Every row ends as loaded, as a duplicate of a purchase that is there already, or in
 * the reject file; running it again, also after it was stopped or killed at any moment, changes no figure.
 *
 * Throws a FileFault, before anything is loaded, when a file is not what it should be; and what the store threw when a
 * batch fails for good, or for a minute.
 */
export const loadFiles = async (store: Store, options: LoadFilesOptions): Promise<LoadSummary> => {
  const started = Date.now();
  const progress: Progress = { bytes: 0, totalBytes: 0, rows: 0, loaded: 0, duplicates: 0, rejected: 0, retries: 0 };
  const summary = (interrupted: boolean, rejects?: string): LoadSummary => {
    return { ...progress, seconds: (Date.now() - started) / 1000, rejects, interrupted };
  };
  const failure = new AbortController();
  const stop = options.signal === undefined ? failure.signal : AbortSignal.any([options.signal, failure.signal]);

  try {
    // Every file is looked at before the first row goes anywhere.
    const file = await openCsv(options.purchases, PURCHASE_COLUMNS, stop);
    progress.totalBytes = file.size;
    const decimals = currencyDecimals(await store.currency());
    const products = await readProducts(options.products, decimals);
    const branches = options.branches === undefined ? undefined : await readBranches(options.branches);
    const clock = shopClock(options.timeZone);

    await store.upsertProducts(products);
    const there = new Map((await store.listBranches()).map(({ branch_id }) => [branchId(branch_id), branch_id]));
    await store.upsertBranches(
      branches?.map((branch) => ({ ...branch, branch_id: there.get(branch.branch_id) ?? branch.branch_id })) ??
        BRANCHES.filter((branch) => !there.has(branch.branch_id)),
    );
    const rules: PurchaseRules = {
      width: file.width,
      at: file.at,
      branches: new Map((await store.listBranches()).map(({ branch_id }) => [branchId(branch_id), branch_id])),
      prices: new Map((await store.listProducts()).map((product) => [product.product_id, product.unit_price_minor])),
      decimals,
      clock,
      since: clock.toInstant(Date.parse(`${options.chainSince}T00:00:00Z`)) ?? Date.parse(options.chainSince),
    };
    const rejects = await openRejects(options.rejects, options.purchases);

    let told = 0;
    const tell = () => {
      const now = Date.now();
      if (now - told < 100) return;
      told = now;
      options.onProgress?.({ ...progress });
    };

    const reject = (row: RowPurchase['row'], reasons: readonly string[]) => {
      progress.rejected++;
      rejects.add(row.line, reasons, row.text);
    };

    const send = async (batch: readonly RowPurchase[]) => {
      const call = () => store.recordPurchases(batch.map(({ purchase }) => purchase));
      const answers = await withRetry(call, store, () => progress.retries++, stop);
      for (const [index, { row, purchase }] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) throw new Error(`the batch from line ${batch[0]?.row.line} was not answered in full`);
        if (answer.outcome === 'refused') {
          const reasons = answer.faults.map((fault) => faultReason(fault, purchase, rules));
          reject(row, reasons);
        } else if (answer.outcome === 'conflict') reject(row, ['another purchase has the key of this one']);
        else progress[answer.outcome === 'recorded' ? 'loaded' : 'duplicates']++;
      }
      tell();
    };

    const lanes = Array.from({ length: LANES }, () => ({ batch: [] as RowPurchase[], last: Promise.resolve() }));
    const waiting = new Set<Promise<void>>();
    let failed: unknown;
    const launch = (lane: (typeof lanes)[number]) => {
      const { batch, last } = lane;
      lane.batch = [];
      const sent = last
        .then(() => (stop.aborted ? undefined : send(batch)))
        .catch((error: unknown) => {
          if (stop.aborted) return;
          failed = error;
          failure.abort();
        })
        .finally(() => waiting.delete(sent));
      lane.last = sent;
      waiting.add(sent);
    };

    try {
      for await (const rows of file.rows((bytes) => {
        progress.bytes += bytes;
      }, stop)) {
        for (const row of rows) {
          progress.rows++;
          const read = readPurchase(row, rules);
          const lane = Array.isArray(read) ? undefined : lanes[laneOf(read.purchase)];
          if (Array.isArray(read)) reject(row, read);
          else if (lane?.batch.push(read) === BATCH) {
            launch(lane);
            if (waiting.size > BATCHES_WAITING) await Promise.race(waiting);
            stop.throwIfAborted();
          }
        }
        await rejects.flush();
        tell();
      }
      for (const lane of lanes) if (lane.batch.length > 0) launch(lane);
      await Promise.all(waiting);
      stop.throwIfAborted();
    } catch (error) {
      // What is on its way may still arrive; whether it does makes no difference to the next run.
      await Promise.race([Promise.all(waiting), sleep(STOP_MS, undefined, { ref: false })]);
      if (failed !== undefined) throw failed;
      if (!stop.aborted) throw error;
    } finally {
      await rejects.close();
    }
    options.onProgress?.({ ...progress });
    return summary(stop.aborted, progress.rejected > 0 ? rejects.path : undefined);
  } catch (error) {
    if (options.signal?.aborted) return summary(true);
    throw error;
  }
};
