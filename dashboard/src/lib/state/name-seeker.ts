import { invalidate } from '$app/navigation';

/** What the layout's names depend on. */
export const NAMES = 'tillstream:names';
/** An id that stays without a name is asked for again after this long (ms). */
const ASK_AGAIN_MS = 10_000;

/**
 * Fetches the names anew when an id comes that has none, such as a branch's that was opened while the page is looked at;
 * not again and again for one that stays unknown. Call it in an effect with what the page shows.
 */
export const createNameSeeker = (fetchNames = () => invalidate(NAMES), clock = Date.now) => {
  const askedAt = new Map<string, number>();
  return (ids: readonly string[], known: { has(id: string): boolean }): void => {
    const now = clock();
    const unknown = ids.filter((id) => !known.has(id) && now - (askedAt.get(id) ?? -ASK_AGAIN_MS) >= ASK_AGAIN_MS);
    if (unknown.length === 0) return;
    for (const id of unknown) askedAt.set(id, now);
    void fetchNames();
  };
};
