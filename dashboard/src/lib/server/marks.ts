import { limited } from '@tillstream/schemas/limited';

/** Marks of what the figures are made of: texts that differ whenever a figure may have changed. */
export interface Marks {
  /** The mark of a moment after the call. */
  now(signal: AbortSignal): Promise<string>;
  /** The newest mark that was read, whenever that was; undefined before the first. What is read after the call is at least as new. */
  last(): string | undefined;
}

/** Nobody waits longer for a mark (ms). */
const LONGEST_MS = 5_000;

/** Marks that all of the process share: whoever asks in the same turn waits for the same reading. */
export const createMarks = (read: (signal: AbortSignal) => Promise<string>): Marks => {
  let newest: { mark: string; begun: number } | undefined;
  let begun = 0;
  let beginning: Promise<string> | undefined;

  const begin = async (): Promise<string> => {
    // Callers of this turn join; nothing that was committed before one of them called is missed.
    await Promise.resolve();
    beginning = undefined;
    const number = ++begun;
    const mark = await read(AbortSignal.timeout(LONGEST_MS));
    // One that began earlier may end later.
    if (newest === undefined || newest.begun < number) newest = { mark, begun: number };
    return mark;
  };

  return {
    now: (signal) => {
      beginning ??= begin();
      const reading = beginning;
      return limited(LONGEST_MS, signal, () => reading);
    },
    last: () => newest?.mark,
  };
};
