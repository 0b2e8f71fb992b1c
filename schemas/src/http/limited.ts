/**
 * Runs a request that ends with the signal, or after `ms` with a `TimeoutError`: at once, even while it still waits for
 * a free connection, when aborting the request itself would end nothing.
 */
export const limited = <T>(
  ms: number,
  signal: AbortSignal | undefined,
  request: (limit: AbortSignal) => Promise<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const limit = new AbortController();
    const end = (reason: unknown) => {
      limit.abort(reason);
      reject(reason);
    };
    const onAbort = () => end(signal?.reason);
    const timer = setTimeout(() => end(new DOMException(`no answer within ${ms} ms`, 'TimeoutError')), ms);
    // By hand: `AbortSignal.any` on a signal that lives long leaks memory with every request in Node 20.
    signal?.addEventListener('abort', onAbort, { once: true });
    request(limit.signal)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      });
  });
