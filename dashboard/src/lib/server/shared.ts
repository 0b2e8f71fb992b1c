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
  mark?: string;
  ok: boolean;
  restUntil: number;
  reading?: Promise<void>;
}

export interface Pace {
  /** A value younger than this (ms) is given without a look. */
  freshMs: number;
  /** With the same mark it stays true for this long (ms). */
  sameMarkMs: number;
  /** After a read it rests this many times as long as the read took; as long as it took after one that failed. */
  rest: number;
  /** Who asks while there is an older value does not wait for the new one. */
  background: boolean;
  timeoutMs: number;
}

/** Whether anything changed is known within this time, or nobody is there to ask. */
const MARK_MS = 3_000;

/** Keys kept: a page in many periods and branches. */
const MOST_KEYS = 500;

/**
 * Shares a read among all who ask for the same key: one at a time, kept while it is fresh, the last good value when
 * it fails. So any number of viewers costs the database the same as one.
 */
export const createShared = <T>(
  read: (key: string, signal: AbortSignal) => Promise<T>,
  mark: (signal: AbortSignal) => Promise<string>,
  { freshMs, sameMarkMs, rest, background, timeoutMs }: Pace,
): ((key: string) => Promise<Shared<T>>) => {
  const entries = new LRUCache<string, Entry<T>>({ max: MOST_KEYS });

  const refresh = async (key: string, entry: Entry<T>): Promise<void> => {
    const began = Date.now();
    let rests = 1;
    try {
      // Read before the value: what changes in between makes the value look older than it is, never newer. Cheap, so
      // it also tells soon that nobody is there.
      const now = await mark(AbortSignal.timeout(Math.min(timeoutMs, MARK_MS)));
      if (entry.value !== undefined && entry.mark === now && began - entry.readAt < sameMarkMs) {
        entry.ok = true;
        entry.restUntil = began + freshMs;
        return;
      }
      entry.value = await read(key, AbortSignal.timeout(timeoutMs));
      entry.readAt = began;
      entry.mark = now;
      entry.ok = true;
      rests = rest;
    } catch {
      // A database that was away is asked again sooner than one that had much to do.
      entry.ok = false;
    }
    entry.restUntil = Date.now() + Math.max(freshMs, rests * (Date.now() - began));
  };

  return async (key) => {
    const entry: Entry<T> = entries.get(key) ?? { readAt: 0, ok: false, restUntil: 0 };
    entries.set(key, entry);
    if (Date.now() >= entry.restUntil) {
      entry.reading ??= refresh(key, entry).finally(() => {
        entry.reading = undefined;
      });
    }
    if (entry.reading !== undefined && !(background && entry.value !== undefined)) await entry.reading;
    return { ok: entry.ok, value: entry.value, readAt: entry.readAt };
  };
};
