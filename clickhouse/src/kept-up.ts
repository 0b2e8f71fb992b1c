/** How often (ms) what is remembered is kept up, and for how long after somebody asked. */
const EVERY_MS = 10_000;
const FOR_MS = 12 * 3_600_000;

/**
 * Keeps up what follows changes while nobody asks, so that who comes back after hours need not wait until it is read anew. Gives what is to be called by
 * each who asks. It does not keep the process alive, and what fails is tried again.
 */
export const keptUp = (work: () => Promise<unknown>, { everyMs = EVERY_MS, forMs = FOR_MS } = {}): (() => void) => {
  let timer: NodeJS.Timeout | undefined;
  let askedAt = 0;
  let working = false;

  const tick = async (): Promise<void> => {
    if (performance.now() - askedAt > forMs) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    if (working) return;
    working = true;
    await work().catch(() => undefined);
    working = false;
  };

  return () => {
    askedAt = performance.now();
    timer ??= setInterval(() => void tick(), everyMs).unref();
  };
};
