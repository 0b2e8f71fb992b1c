import { LRUCache } from 'lru-cache';

/** A value with the moment it was read; `ok` is false when the newest attempt failed and this is the last good one. */
export interface Shared<T> {
  ok: boolean;
  /** Absent when nothing could ever be read. */
  value?: T;
  /** Milliseconds since 1970, when the read of `value` began; 0 without one. */
  readAt: number;
}

interface Entry<T> {
  value?: T;
  readAt: number;
  ok: boolean;
  restUntil: number;
  reading?: Promise<void>;
}

export interface Pace {
  /** After a read the value is given as it is for this long (ms); 0: each caller gets one that is read anew. */
  freshMs: number;
  /** The same as a multiple of the time that the read took. After a read that failed it is that time itself. */
  rest: number;
  /** A caller gets the last good value at once, and a new one is read in the background. */
  background: boolean;
  timeoutMs: number;
}

/** How long (ms) a caller waits for a new value before it gets the last good one. */
const PATIENCE_MS = 3_000;

/** Keys kept: a page in many periods and branches. */
const MOST_KEYS = 500;

/**
 * Shares a read among all callers with the same key, one read at a time. The last good value stays, to be shown with its
 * age when a read fails or takes long.
 */
export const createShared = <T>(
  read: (key: string, signal: AbortSignal) => Promise<T>,
  { freshMs, rest, background, timeoutMs }: Pace,
): ((key: string) => Promise<Shared<T>>) => {
  const entries = new LRUCache<string, Entry<T>>({ max: MOST_KEYS });

  const refresh = async (key: string, entry: Entry<T>): Promise<void> => {
    const began = Date.now();
    try {
      entry.value = await read(key, AbortSignal.timeout(timeoutMs));
      entry.readAt = began;
      entry.ok = true;
    } catch {
      entry.ok = false;
    }
    const took = Date.now() - began;
    // A database that was away is asked again sooner than one that had much to do.
    entry.restUntil = Date.now() + Math.max(freshMs, (entry.ok ? rest : 1) * took);
  };

  return async (key) => {
    const entry: Entry<T> = entries.get(key) ?? { readAt: 0, ok: false, restUntil: 0 };
    entries.set(key, entry);
    if (Date.now() >= entry.restUntil) {
      entry.reading ??= refresh(key, entry).finally(() => {
        entry.reading = undefined;
      });
    }
    if (!background) await atMost(PATIENCE_MS, entry.reading);
    else if (entry.value === undefined) await entry.reading;
    return { ok: entry.ok, value: entry.value, readAt: entry.readAt };
  };
};

const atMost = async (ms: number, reading: Promise<void> | undefined): Promise<void> => {
  if (reading === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([reading, patience]);
  clearTimeout(timer);
};
