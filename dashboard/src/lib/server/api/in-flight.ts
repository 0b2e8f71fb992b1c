interface Reading<T> {
  result: Promise<T>;
  began: number;
  waiting: number;
  abort: AbortController;
}

/** Reads a value, or joins a reading of the same key that has just begun. The signal ends the caller's wait. */
export type InFlight<T> = (key: string, read: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Shares readings while they are in flight; nothing is kept after one has ended. A caller joins a reading only within
 * `joinMs` milliseconds of its beginning, so a slow database makes no answer much older than its question. A reading
 * that nobody waits for any more is cancelled.
 */
export const createInFlight = <T>(joinMs: number): InFlight<T> => {
  const readings = new Map<string, Reading<T>>();

  const begin = (key: string, read: (signal: AbortSignal) => Promise<T>): Reading<T> => {
    const abort = new AbortController();
    const reading = { result: read(abort.signal), began: Date.now(), waiting: 0, abort };
    readings.set(key, reading);
    const end = () => {
      if (readings.get(key) === reading) readings.delete(key);
    };
    reading.result.then(end, end);
    return reading;
  };

  return async (key, read, signal) => {
    signal.throwIfAborted();
    const running = readings.get(key);
    const joins = running !== undefined && !running.abort.signal.aborted && Date.now() - running.began < joinMs;
    const reading = joins ? running : begin(key, read);
    reading.waiting++;
    try {
      return await unlessAborted(reading.result, signal);
    } finally {
      reading.waiting--;
      if (reading.waiting === 0) reading.abort.abort();
    }
  };
};

/** The result, or the signal's reason as soon as it fires. */
const unlessAborted = <T>(result: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
