interface Entry<T> {
  value: T;
  mark: string;
  readAt: number;
}

/**
 * Wraps a read so that it runs once for a key and mark: the same value is given again for `sameMs` milliseconds, in which
 * only the clock can have changed it.
 */
export const createOncePerMark = <K, T>(
  read: (key: K, signal: AbortSignal) => Promise<T>,
  sameMs: number,
): ((key: K, mark: string, signal: AbortSignal) => Promise<T>) => {
  const entries = new Map<K, Entry<T>>();
  return async (key, mark, signal) => {
    const readAt = Date.now();
    const entry = entries.get(key);
    if (entry?.mark === mark && readAt - entry.readAt < sameMs) return entry.value;
    const value = await read(key, signal);
    entries.set(key, { value, mark, readAt });
    return value;
  };
};
