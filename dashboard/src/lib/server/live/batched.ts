/**
 * Wraps a read of several keys for callers that have one each: those who ask in the same turn with the same signal are
 * answered by one read.
 */
export const createBatched = <K, T>(
  read: (keys: K[], signal: AbortSignal) => Promise<ReadonlyMap<K, T>>,
): ((key: K, signal: AbortSignal) => Promise<T>) => {
  const gathering = new Map<AbortSignal, { keys: Set<K>; found: Promise<ReadonlyMap<K, T>> }>();

  const begin = (signal: AbortSignal) => {
    const keys = new Set<K>();
    const found = Promise.resolve().then(() => {
      gathering.delete(signal);
      return read([...keys], signal);
    });
    const batch = { keys, found };
    gathering.set(signal, batch);
    return batch;
  };

  return async (key, signal) => {
    const { keys, found } = gathering.get(signal) ?? begin(signal);
    keys.add(key);
    const values = await found;
    if (!values.has(key)) throw new Error('nothing was read');
    return values.get(key) as T;
  };
};
