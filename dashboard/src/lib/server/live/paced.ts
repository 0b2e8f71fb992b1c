/** The newest value that was read. */
export interface Paced<T> {
  value: T;
  /** Since when (ms) something may be missing from it: it was read for another version than the one asked for. */
  behindSince?: number;
}

interface Entry<T> {
  known?: { value: T; version: string };
  behindSince?: number;
  reading?: Promise<void>;
  error?: unknown;
  restUntil: number;
}

/** Pauses after a read, as multiples of the time that it took. */
export interface Pauses {
  /** Before the same key is read again; after a read that failed it is that time itself. */
  own: number;
  /** Before any key is read: many keys cost no more than a share of the time, and each waits longer for its turn. */
  all: number;
  /** The longest pause of a key, in milliseconds. */
  ownMostMs: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Wraps a read that may be slow. It runs in the background when another version is asked for, one read at a time, with
 * pauses in proportion to the time it took. The last value is given meanwhile. Only the first read of a key is waited for.
 * A read that fails makes the next call fail.
 */
export const createPaced = <K, T>(
  read: (key: K, signal: AbortSignal) => Promise<T>,
  pauses: Pauses,
): ((key: K, version: string) => Promise<Paced<T>>) => {
  const entries = new Map<K, Entry<T>>();
  /** Keys to be read, with the version last asked for, in the order in which they began to wait. */
  const queue = new Map<K, string>();
  let running = 0;
  let restUntil = 0;
  let timer: NodeJS.Timeout | undefined;

  const start = (key: K, version: string, entry: Entry<T>) => {
    const began = Date.now();
    const end = (own: number) => {
      const now = Date.now();
      entry.reading = undefined;
      entry.restUntil = now + Math.min(pauses.ownMostMs, own * (now - began));
      restUntil = Math.max(restUntil, now + pauses.all * (now - began));
      running--;
      next();
    };
    queue.delete(key);
    running++;
    entry.reading = read(key, AbortSignal.timeout(TIMEOUT_MS)).then(
      (value) => {
        entry.known = { value, version };
        entry.behindSince = began;
        end(pauses.own);
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
    const [key, version] = first;
    const entry = entries.get(key);
    if (entry !== undefined) start(key, version, entry);
  };

  const ask = (key: K, version: string, entry: Entry<T>) => {
    if (entry.known === undefined) start(key, version, entry);
    else if (queue.has(key) || Date.now() >= entry.restUntil) {
      queue.set(key, version);
      next();
    }
  };

  return async (key, version) => {
    const entry = entries.get(key) ?? { restUntil: 0 };
    entries.set(key, entry);
    if (entry.known?.version !== version) {
      entry.behindSince ??= Date.now();
      if (entry.reading === undefined) ask(key, version, entry);
    }
    if (entry.known === undefined) await entry.reading;
    if (entry.error !== undefined) {
      const { error } = entry;
      entry.error = undefined;
      throw error;
    }
    if (entry.known === undefined) throw new Error('nothing was read');
    if (entry.known.version === version) entry.behindSince = undefined;
    return { value: entry.known.value, behindSince: entry.behindSince };
  };
};
