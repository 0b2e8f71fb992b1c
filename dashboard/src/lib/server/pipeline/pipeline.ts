import type { Books, Pipeline } from '../../figures.ts';
import type { ConsumerLag } from './consumer-lag.ts';
import type { Outbox } from './outbox.ts';

/** Watches the way from the tills to ClickHouse. */
export interface PipelineWatch {
  /** What was last found; looks again in the background when that is older than the interval. */
  latest(): Pipeline;
  /** Looks now. Never fails: what cannot be found is null. */
  read(): Promise<Pipeline>;
  close(): Promise<void>;
}

const BOOKS_EVERY_MS = 10_000;

/** @param lag absent without a broker: the relay then writes into ClickHouse itself and nothing lies in between */
export const watchPipeline = (
  outbox: Outbox,
  lag: ConsumerLag | undefined,
  readBooks: () => Promise<Books>,
  intervalMs: number,
): PipelineWatch => {
  let found: Pipeline = { waiting: null, waiting_since: null, uncounted: null, books: null };
  let readAt = 0;
  let booksAt = 0;
  let reading: Promise<Pipeline> | undefined;

  // The reconciler looks every few seconds; asking it more often would cost and tell nothing new.
  const booksNow = async (): Promise<Books | null> => {
    if (Date.now() - booksAt < BOOKS_EVERY_MS) return found.books;
    const books = await readBooks();
    booksAt = Date.now();
    return books;
  };

  const readOnce = async (): Promise<Pipeline> => {
    const [sales, uncounted, books] = await Promise.allSettled([outbox.read(), lag?.read() ?? 0, booksNow()]);
    found = {
      waiting: sales.status === 'fulfilled' ? sales.value.waiting : null,
      waiting_since: sales.status === 'fulfilled' ? (sales.value.since?.toISOString() ?? null) : null,
      uncounted: uncounted.status === 'fulfilled' ? uncounted.value : null,
      books: books.status === 'fulfilled' ? books.value : null,
    };
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
