import type { Fault, PurchaseInput } from '@tillstream/pos-api/record-purchases';
import type { FileReturn } from '@tillstream/pos-api/return-of-file';
import pRetry from 'p-retry';
import { countReject, type Reason, type RejectCounts } from '../files/reasons.ts';
import type { RejectFile } from '../files/rejects.ts';
import type { Row } from '../files/rows.ts';
import type { Store } from '../store.ts';
import { Lanes } from './lanes.ts';

/** How far a load is. */
export interface Progress {
  /** Bytes of the file of purchases: read, and in all. */
  bytes: number;
  totalBytes: number;
  /** Rows read: those answered for are loaded, duplicates or rejected. */
  rows: number;
  loaded: number;
  duplicates: number;
  rejected: number;
  /** Purchases loaded, and what they come to, in minor units. */
  recorded: number;
  amountMinor: number;
  /** Returns loaded, and what was given back for them, in minor units. */
  returned: number;
  returnedMinor: number;
  /** Batches sent again because Postgres was away or busy. */
  retries: number;
}

/** What a load of purchases works with, whatever its file is; it keeps `progress`, `reasons` and `newBranches` up to date. */
export interface Loading {
  rejects: RejectFile;
  progress: Progress;
  reasons: RejectCounts;
  /** Branches that only the file names. */
  newBranches: string[];
  /** Called after each batch. */
  onProgress: () => void;
  signal: AbortSignal | undefined;
}

/** A purchase and the rows that say so, the first one first. */
export interface Entry {
  rows: readonly Row[];
  purchase: PurchaseInput;
}

/** A return and the rows that say so; none where they are those of its purchase. */
export interface ReturnEntry {
  rows: readonly Row[];
  given: FileReturn;
  faultReason: (fault: Fault) => Reason;
}

/** What a kind of file has of its own. */
export interface Words {
  /** Columns that are kept with a purchase. */
  kept: readonly { name: string; at: number }[];
  /** A fault that the system found, in the words of the file. */
  faultReason: (fault: Fault, purchase: PurchaseInput) => Reason;
}

/** How long a batch is tried while Postgres is away, in milliseconds. */
const RETRY_MS = 60_000;

const CONFLICT = 'the receipt number is that of another purchase or return, or its customer was forgotten';

/** Rejects rows, each with all its reasons. */
export const rejecter =
  ({ progress, reasons: counts, rejects }: Pick<Loading, 'progress' | 'reasons' | 'rejects'>) =>
  (rows: readonly Row[], reasons: readonly Reason[]): void => {
    for (const row of rows) {
      progress.rejected++;
      countReject(counts, reasons);
      rejects.add(row.line, reasons, row.text);
    }
  };

/**
 * Runs a reader of purchases, which hands each to `record` and may answer returns, to be recorded one after the other when all purchases
 * are: their rows end as loaded, as duplicates or rejected. When the signal stops it, what was loaded stays. Throws what the store threw
 * when a batch fails for good, or for a minute.
 */
export const recordAll = async (
  store: Store,
  loading: Loading,
  { kept, faultReason }: Words,
  read: (record: (entry: Entry) => Promise<void>, stop: AbortSignal) => Promise<readonly ReturnEntry[] | undefined>,
): Promise<void> => {
  const { progress, signal } = loading;
  const reject = rejecter(loading);

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

  const send = async (batch: readonly Entry[]) => {
    const answers = await patiently(() => store.recordPurchases(batch.map(({ purchase }) => purchase)));
    const extras: { purchase_id: string; columns: Record<string, string> }[] = [];
    for (const [index, { rows, purchase }] of batch.entries()) {
      const answer = answers[index];
      if (answer === undefined)
        throw new Error(`the batch from line ${batch[0]?.rows[0]?.line} was not answered in full`);
      if (answer.outcome === 'refused') {
        reject(
          rows,
          answer.faults.map((fault) => faultReason(fault, purchase)),
        );
      } else if (answer.outcome === 'conflict') reject(rows, [{ kind: CONFLICT }]);
      else {
        const isNew = answer.outcome === 'recorded';
        progress[isNew ? 'loaded' : 'duplicates'] += rows.length;
        if (isNew) {
          progress.recorded++;
          progress.amountMinor += purchase.expected_total_minor ?? 0;
        }
        if (kept.length > 0) {
          const columns = Object.fromEntries(kept.map(({ name, at }) => [name, rows[0]?.fields?.[at] ?? '']));
          extras.push({ purchase_id: answer.purchase_id, columns });
        }
      }
    }
    if (extras.length > 0) await patiently(() => store.keepColumns(extras));
    loading.onProgress();
  };

  const takeBack = async ({ rows, given, faultReason: reasonOf }: ReturnEntry) => {
    const answer = await patiently(() => store.recordReturn(given));
    if (answer.outcome === 'refused') reject(rows, answer.faults.map(reasonOf));
    else if (answer.outcome === 'conflict') reject(rows, [{ kind: CONFLICT }]);
    else {
      const isNew = answer.outcome === 'recorded';
      progress[isNew ? 'loaded' : 'duplicates'] += rows.length;
      if (isNew) {
        progress.returned++;
        progress.returnedMinor += answer.total_minor;
      }
    }
    loading.onProgress();
  };

  const lanes = new Lanes<Entry>(send, signal);
  try {
    const returns = await read((entry) => lanes.add(entry), lanes.stop);
    await lanes.end();
    for (const entry of returns ?? []) {
      lanes.stop.throwIfAborted();
      await takeBack(entry);
    }
  } catch (error) {
    await lanes.abandon();
    // Reading ends with an AbortError when a batch has failed: what it failed with says more.
    if (!signal?.aborted) throw lanes.stop.aborted ? lanes.stop.reason : error;
  } finally {
    await loading.rejects.close();
  }
};
