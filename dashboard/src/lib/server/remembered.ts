import { LRUCache } from 'lru-cache';
import type { Marks } from './marks.ts';

interface Entry {
  text: string;
  mark: string | undefined;
  readAt: number;
}

/** How long (ms) and how much (characters in all) is remembered. */
export interface Limits {
  sameMs: number;
  mostCharacters: number;
}

/** Reads a text, or gives the one remembered under the key if nothing has changed since it was read. */
export type Remembered = (
  key: string,
  marks: Marks,
  read: (signal: AbortSignal) => Promise<string>,
  signal: AbortSignal,
) => Promise<string>;

/**
 * Remembers answers beside the mark under which they were read. An answer is given again only if a mark that was read after
 * the question came is the same, so it is as new as one that is read. That costs a tenth of reading most answers; where
 * somebody has seen a new mark already, nothing is asked but the answer itself.
 */
export const createRemembered = ({ sameMs, mostCharacters }: Limits): Remembered => {
  const entries = new LRUCache<string, Entry>({
    maxSize: mostCharacters,
    sizeCalculation: ({ text }, key) => key.length + text.length,
  });

  return async (key, marks, read, signal) => {
    const entry = entries.get(key);
    // Known before the value is read: what changes in between makes the value look older than it is, never newer.
    let mark = marks.last();
    if (entry !== undefined && (mark === undefined || mark === entry.mark)) {
      mark = await marks.now(signal);
      if (mark === entry.mark && Date.now() - entry.readAt < sameMs) return entry.text;
    }
    const readAt = Date.now();
    const text = await read(signal);
    entries.set(key, { text, mark, readAt });
    return text;
  };
};
