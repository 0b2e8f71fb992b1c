/** A value that may be behind: `settled` says whether it was read for the mark asked for. */
export interface Paced<T> {
  value: T;
  settled: boolean;
}

interface Entry<T> {
  known?: { value: T; mark: string };
  reading?: Promise<void>;
  error?: unknown;
  restUntil: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Wraps a read that may be slow: it runs in the background, one at a time per key, and rests after it in proportion
 * to its length: `rest` times as long, once as long after one that failed. The last value stands in meanwhile; only the
 * first is waited for. A failed read fails the call after it.
 */
export const createPaced = <K, T>(
  read: (key: K, signal: AbortSignal) => Promise<T>,
  rest: number,
): ((key: K, mark: string) => Promise<Paced<T>>) => {
  const entries = new Map<K, Entry<T>>();

  const start = (key: K, mark: string, entry: Entry<T>) => {
    const began = Date.now();
    const end = (rests: number) => {
      entry.reading = undefined;
      entry.restUntil = Date.now() + rests * (Date.now() - began);
    };
    entry.reading = read(key, AbortSignal.timeout(TIMEOUT_MS)).then(
      (value) => {
        entry.known = { value, mark };
        end(rest);
      },
      (error) => {
        entry.error = error;
        end(1);
      },
    );
  };

  return async (key, mark) => {
    const entry = entries.get(key) ?? { restUntil: 0 };
    entries.set(key, entry);
    const due = entry.known?.mark !== mark && entry.reading === undefined;
    if (due && (entry.known === undefined || Date.now() >= entry.restUntil)) start(key, mark, entry);
    if (entry.known === undefined) await entry.reading;
    if (entry.error !== undefined) {
      const { error } = entry;
      entry.error = undefined;
      throw error;
    }
    if (entry.known === undefined) throw new Error('nothing was read');
    return { value: entry.known.value, settled: entry.known.mark === mark };
  };
};
