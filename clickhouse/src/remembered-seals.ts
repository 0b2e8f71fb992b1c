import type { ClickHouse } from './client.ts';
import { readSealState, type SealedKind, type SealState, stillTheSame, withoutChanged } from './seal-state.ts';

/** After this long (ms) a remembered state is compared, and read anew if it has changed. Its age costs time only: each answer checks it. */
const REMEMBER_MS = 5_000;

/** What was sealed a moment ago. */
export interface RememberedSeals {
  /** What is known, refreshed behind the back of those who ask: nobody waits but the first. */
  known(): Promise<SealState>;
  /** Another state than one that a statement has found broken: without what has changed since, or read now. */
  insteadOf(broken: SealState): Promise<SealState>;
}

/** Remembers the state of one kind of seals. */
export const rememberedSeals = (
  clickhouse: ClickHouse,
  shopDay: string,
  of: SealedKind,
  now: () => number,
): RememberedSeals => {
  let known: { state: SealState; at: number } | undefined;
  let comparing = false;

  const keep = (state: SealState): SealState => {
    known = { state, at: now() };
    return state;
  };
  const anew = shared(() => readSealState(clickhouse, shopDay, of).then(keep));
  const withoutBroken = shared((broken: SealState) =>
    withoutChanged(clickhouse, shopDay, of, broken).then((state) => (state === undefined ? anew() : keep(state))),
  );
  const refresh = async (old: SealState): Promise<void> => {
    if (comparing) return;
    comparing = true;
    try {
      const same = await stillTheSame(clickhouse, shopDay, of, old);
      if (same === undefined) await anew();
      else if (known?.state === old) keep(same);
    } catch {
      // What is known stays; the next question tries again.
    } finally {
      comparing = false;
    }
  };

  return {
    insteadOf: async (broken) => (known !== undefined && known.state !== broken ? known.state : withoutBroken(broken)),
    known: async () => {
      if (known === undefined) return anew();
      if (now() - known.at > REMEMBER_MS) void refresh(known.state);
      return known.state;
    },
  };
};

/** Work that is done once for all who ask while it is under way. */
const shared = <Given extends unknown[]>(work: (...given: Given) => Promise<SealState>): typeof work => {
  let running: Promise<SealState> | undefined;
  return (...given) => {
    running ??= work(...given).finally(() => {
      running = undefined;
    });
    return running;
  };
};
