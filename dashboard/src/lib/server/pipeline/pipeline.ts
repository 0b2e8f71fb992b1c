import type { Books, Pipeline, Sealer } from '../../figures/figures.ts';
import type { ConsumerLag } from './consumer-lag.ts';
import type { Outbox } from './outbox.ts';

/** What is under way from the tills to ClickHouse, and what the checks in the background say. */
export interface PipelineWatch {
  /** The last reading. When that is older than the interval, a new one begins in the background. */
  latest(): Pipeline;
  /** Reads now. Never fails: what cannot be read is null. */
  read(): Promise<Pipeline>;
  close(): Promise<void>;
}

/** The reconciler compares every few seconds and the sealer proves by the minute; asking more often would tell nothing new. */
const CHECKS_EVERY_MS = 10_000;

/** What is checked in the background and kept in ClickHouse. */
export interface Checks {
  books(): Promise<Books>;
  sealer(): Promise<Sealer>;
}

/** @param lag absent without a broker: the relay then writes into ClickHouse itself and nothing lies in between */
export const watchPipeline = (
  outbox: Outbox,
  lag: ConsumerLag | undefined,
  checks: Checks,
  intervalMs: number,
): PipelineWatch => {
  let found: Pipeline = { waiting: null, waiting_since: null, uncounted: null, books: null, sealer: null };
  let readAt = 0;
  let reading: Promise<Pipeline> | undefined;
  const booksNow = nowAndThen(checks.books, CHECKS_EVERY_MS);
  const sealerNow = nowAndThen(checks.sealer, CHECKS_EVERY_MS);

  const readOnce = async (): Promise<Pipeline> => {
    const [sales, uncounted, books, sealer] = await Promise.all([
      orNull(outbox.read()),
      orNull(lag?.read() ?? 0),
      orNull(booksNow()),
      orNull(sealerNow()),
    ]);
    const { waiting = null, since = null } = sales ?? {};
    found = { waiting, waiting_since: since?.toISOString() ?? null, uncounted, books, sealer };
    readAt = Date.now();
    reading = undefined;
    return found;
  };

  const read = () => {
    reading ??= readOnce();
    return reading;
  };

  return {
    latest: () => {
      if (Date.now() - readAt >= intervalMs) void read();
      return found;
    },
    read,
    close: async () => {
      await Promise.allSettled([outbox.close(), lag?.close()]);
    },
  };
};

const orNull = async <T>(value: T | Promise<T>): Promise<T | null> => {
  try {
    return await value;
  } catch {
    return null;
  }
};

/** Reads again only when the last good value is older than `everyMs`. */
const nowAndThen = <T>(read: () => Promise<T>, everyMs: number): (() => Promise<T>) => {
  let last: { value: T; readAt: number } | undefined;
  return async () => {
    if (last === undefined || Date.now() - last.readAt >= everyMs) last = { value: await read(), readAt: Date.now() };
    return last.value;
  };
};
