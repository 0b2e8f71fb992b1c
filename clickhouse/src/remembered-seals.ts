import type { ClickHouse } from './client.ts';
import { readSealState, type SealedKind, type SealState } from './seal-state.ts';

/** After this long (ms) a remembered state is read anew. Its age costs time only: each answer checks it. */
const REMEMBER_MS = 5_000;

/** What was sealed a moment ago. */
export interface RememberedSeals {
  /** What is known, refreshed behind the back of those who ask: nobody waits but the first. */
  known(): Promise<SealState>;
  /** Read now. */
  anew(): Promise<SealState>;
}

/** Remembers the state of one kind of seals. */
export const rememberedSeals = (
  clickhouse: ClickHouse,
  shopDay: string,
  of: SealedKind,
  now: () => number,
): RememberedSeals => {
  let known: { state: SealState; at: number } | undefined;
  let reading: Promise<SealState> | undefined;

  const anew = (): Promise<SealState> => {
    reading ??= readSealState(clickhouse, shopDay, of)
      .then((state) => {
        known = { state, at: now() };
        return state;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };

  return {
    anew,
    known: async () => {
      if (known === undefined) return anew();
      // A failed refresh leaves what is known; the next question tries again.
      if (now() - known.at > REMEMBER_MS) anew().catch(() => undefined);
      return known.state;
    },
  };
};
