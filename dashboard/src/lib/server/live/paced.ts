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

/** Rests after a read, as multiples of the time that it took. */
export interface Rests {
  /** Of its key; once as long after a read that failed. */
  own: number;
  /** Of all keys together: so many of them cost no more than a share of the time, and each waits longer for its turn. */
  all: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Wraps a read that may be slow: it runs in the background, one at a time, and rests after it in proportion to its length. The
 * last value stands in meanwhile; only the first of a key is waited for, and does not wait for others. A failed read fails
 * the call after it.
 */
export const createPaced = <K, T>(
  read: (key: K, signal: AbortSignal) => Promise<T>,
  rests: Rests,
): ((key: K, mark: string) => Promise<Paced<T>>) => {
  const entries = new Map<K, Entry<T>>();
  /** Keys that are due, with the mark that they were last asked for; the longest waiting comes first. */
  const queue = new Map<K, string>();
  let running = 0;
  let restUntil = 0;
  let timer: NodeJS.Timeout | undefined;

  const start = (key: K, mark: string, entry: Entry<T>) => {
    const began = Date.now();
    const end = (own: number) => {
      const now = Date.now();
      entry.reading = undefined;
      entry.restUntil = now + own * (now - began);
      restUntil = Math.max(restUntil, now + rests.all * (now - began));
      running--;
      next();
    };
    queue.delete(key);
    running++;
    entry.reading = read(key, AbortSignal.timeout(TIMEOUT_MS)).then(
      (value) => {
        entry.known = { value, mark };
        end(rests.own);
      },
      (error) => {
        entry.error = error;
        end(1);
      },
    );
  };

  const next = () => {
    clearTimeout(timer);
    timer = undefined;
    const [first] = queue;
    if (first === undefined || running > 0) return;
    const wait = restUntil - Date.now();
    if (wait > 0) {
      timer = setTimeout(next, wait);
      timer.unref();
      return;
    }
    const [key, mark] = first;
    const entry = entries.get(key);
    if (entry !== undefined) start(key, mark, entry);
  };

  return async (key, mark) => {
    const entry = entries.get(key) ?? { restUntil: 0 };
    entries.set(key, entry);
    if (entry.known?.mark !== mark && entry.reading === undefined) {
      if (entry.known === undefined) start(key, mark, entry);
      else if (queue.has(key) || Date.now() >= entry.restUntil) {
        queue.set(key, mark);
        next();
      }
    }
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
