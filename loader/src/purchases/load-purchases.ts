import pRetry from 'p-retry';
import { countReject, type Reason, type RejectCounts } from '../files/reasons.ts';
import type { RejectFile } from '../files/rejects.ts';
import type { Store } from '../store.ts';
import { Lanes } from './lanes.ts';
import {
  faultReason,
  type PurchaseRules,
  type PurchasesFile,
  type RowPurchase,
  readPurchase,
} from './read-purchase.ts';

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

/** What a load of purchases works with; it keeps `progress`, `reasons` and `newBranches` up to date. */
export interface PurchasesLoad {
  file: PurchasesFile;
  rules: PurchaseRules & { branches: Map<string, string> };
  rejects: RejectFile;
  progress: Progress;
  reasons: RejectCounts;
  /** Branches that only the file names. */
  newBranches: string[];
  /** Called after each batch. */
  onProgress: () => void;
  signal: AbortSignal | undefined;
}

/** How long a batch is tried while Postgres is away, in milliseconds. */
const RETRY_MS = 60_000;

/**
 * Loads a file of purchases: each row ends as loaded, as a duplicate or in the reject file. When the signal stops it, what
 * was loaded stays. Throws what the store threw when a batch fails for good, or for a minute.
 */
export const loadPurchases = async (store: Store, load: PurchasesLoad): Promise<void> => {
  const { file, rules, rejects, progress, signal } = load;

  const reject = (row: RowPurchase['row'], reasons: readonly Reason[]) => {
    progress.rejected++;
    countReject(load.reasons, reasons);
    rejects.add(row.line, reasons, row.text);
  };

  const patiently = <T>(call: () => Promise<T>): Promise<T> =>
    pRetry(call, {
      retries: Number.POSITIVE_INFINITY,
      maxRetryTime: RETRY_MS,
      minTimeout: 100,
      maxTimeout: 5_000,
      randomize: true,
      signal: lanes.stop,
      shouldRetry: ({ error }) => store.isPassing(error),
      onFailedAttempt: ({ error }) => {
        if (store.isPassing(error)) progress.retries++;
      },
    });

  const send = async (batch: readonly RowPurchase[]) => {
    const answers = await patiently(() => store.recordPurchases(batch.map(({ purchase }) => purchase)));
    const extras: { purchase_id: string; columns: Record<string, string> }[] = [];
    for (const [index, { row, purchase }] of batch.entries()) {
      const answer = answers[index];
      if (answer === undefined) throw new Error(`the batch from line ${batch[0]?.row.line} was not answered in full`);
      if (answer.outcome === 'refused') {
        reject(
          row,
          answer.faults.map((fault) => faultReason(fault, purchase, rules)),
        );
      } else if (answer.outcome === 'conflict')
        reject(row, [{ kind: 'the receipt number is that of another purchase, or its customer was forgotten' }]);
      else {
        progress[answer.outcome === 'recorded' ? 'loaded' : 'duplicates']++;
        if (file.extra.length > 0) {
          const columns = Object.fromEntries(file.extra.map(({ name, at }) => [name, row.fields?.[at] ?? '']));
          extras.push({ purchase_id: answer.purchase_id, columns });
        }
      }
    }
    if (extras.length > 0) await patiently(() => store.keepColumns(extras));
    load.onProgress();
  };

  const lanes = new Lanes<RowPurchase>(send, signal);
  const addBranch = async (branch_id: string) => {
    await store.addBranches([{ branch_id, name: branch_id, country: '' }]);
    rules.branches.set(branch_id, branch_id);
    load.newBranches.push(branch_id);
  };
  const read = async () => {
    const onBytes = (bytes: number) => {
      progress.bytes += bytes;
    };
    for await (const rows of file.rows(onBytes, lanes.stop)) {
      for (const row of rows) {
        progress.rows++;
        const purchase = readPurchase(row, rules);
        if (Array.isArray(purchase)) reject(row, purchase);
        else {
          const { branch_id } = purchase.purchase;
          if (rules.anyBranch && !rules.branches.has(branch_id.toUpperCase())) await addBranch(branch_id);
          await lanes.add(purchase);
        }
      }
      await rejects.flush();
      load.onProgress();
    }
    await lanes.end();
  };

  try {
    await read();
  } catch (error) {
    await lanes.abandon();
    // Reading ends with an AbortError when a batch has failed: what it failed with says more.
    if (!signal?.aborted) throw lanes.stop.aborted ? lanes.stop.reason : error;
  } finally {
    await rejects.close();
  }
};
