import type { ClickHouse } from './client.ts';
import { type Sealed, type SealOptions, sealStale } from './seal.ts';

interface SealerOptions extends Pick<SealOptions, 'shop' | 'graceMs'> {
  /** Shortest pause between two rounds (ms). Default 30 s. */
  pauseMs?: number;
  /** Share of the time that sealing may take, so that it never crowds out what it is for. Default 0.1. */
  share?: number;
  /** Told of every round that wrote something, and of every one that failed. */
  sealed?: (rows: Sealed, tookMs: number) => void;
  failed?: (error: unknown) => void;
  /** What time it is (ms since 1970). Default the process's own clock. */
  now?: () => number;
  signal: AbortSignal;
}

/**
 * Seals what is over, round after round, until the signal. After a round it rests so long that it works no more than
 * its share of the time. A failed round is tried again; figures are as exact without it, only slower.
 */
export const runSealer = async (clickhouse: ClickHouse, options: SealerOptions): Promise<void> => {
  const { shop, graceMs, pauseMs = 30_000, share = 0.1, sealed, failed, now = Date.now, signal } = options;
  while (!signal.aborted) {
    const began = performance.now();
    try {
      const rows = await sealStale(clickhouse, { shop, graceMs, now: now(), signal });
      if (rows.slots + rows.days + rows.months + rows.years + rows.products > 0)
        sealed?.(rows, performance.now() - began);
    } catch (error) {
      if (!signal.aborted) failed?.(error);
    }
    const took = performance.now() - began;
    await rest(Math.max(pauseMs, took / share - took), signal);
  }
};

const rest = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
