import { setTimeout as sleep } from 'node:timers/promises';
import type { ShopClock } from '../calendar/shop-day.ts';
import type { ClickHouse } from '../client.ts';
import { sealContext } from './context.ts';
import { proofSteps } from './proof.ts';
import { NOTHING_SEALED, type SealedRows } from './seal-days.ts';
import { readProved, readState, writeState } from './state.ts';
import { type Seen, type Tick, tick } from './tick.ts';

export interface SealerOptions {
  shop: ShopClock;
  /** Pause between two ticks (ms). */
  everyMs?: number;
  /** How often everything is proved (ms). */
  proofEveryMs?: number;
  /** How long after its end a slot waits for its last sales (ms). */
  graceMs?: number;
  /** Share of one core that sealing may take on average; a burst of {@link BURST_MS} is free. */
  share?: number;
  /** What time it is (ms since 1970); absent: ClickHouse's clock. */
  now?: () => number;
  /** Told after each tick, when it began (as `performance.now()` has it). */
  ticked?: (began: number) => void;
  /** Told of everything that was sealed, and of what failed. */
  sealed?: (rows: SealedRows, tookMs: number) => void;
  failed?: (error: unknown) => void;
  /** Told when a proof of everything has ended: when it began, and the horizon (ms since 1970). */
  proved?: (beganAt: number, horizon: number) => void;
  signal: AbortSignal;
}

const BURST_MS = 2_000;
const GRACE_MS = 10_000;

/**
 * Seals and proves everything until now, whatever its state was. Any number may run at once.
 *
 * @returns the horizon: every slot before it is sealed
 * @throws what ClickHouse throws; what was sealed before stays
 */
export const sealAll = async (
  clickhouse: ClickHouse,
  { shop, now, graceMs = GRACE_MS, signal }: { shop: ShopClock; now?: number; graceMs?: number; signal?: AbortSignal },
): Promise<number> => {
  const context = sealContext(clickhouse, shop, signal);
  const began = Date.now();
  const { horizon } = await tick(context, { until: 0, arrivals: new Map() }, { now, graceMs });
  for await (const _ of proofSteps(context, await readState(context)));
  await writeState(context, { changed: Date.now(), proved: began });
  return horizon;
};

/**
 * Seals until the signal: a tick after each pause, and a step of the proof now and then, so that everything is proved once a minute or so.
 * A round that fails is tried again. It works no more than its share of a core, bursts apart.
 */
export const runSealer = async (clickhouse: ClickHouse, options: SealerOptions): Promise<void> => {
  const {
    shop,
    everyMs = 500,
    proofEveryMs = 45_000,
    graceMs = GRACE_MS,
    share = 0.15,
    now,
    ticked,
    sealed,
    failed,
    proved,
    signal,
  } = options;
  const context = sealContext(clickhouse, shop, signal);
  // What had arrived before the last proof was looked at by it: a restart does not look at all of history at once.
  let seen: Seen | undefined;
  // At first, and after a round that failed: something may be half done, which only the proof finds.
  let inHurry = true;
  let proof: { steps: AsyncGenerator<SealedRows>; began: number; horizon: number } | undefined;
  let nextStep = 0;
  let credit = BURST_MS;
  let counted = performance.now();

  const step = async (): Promise<SealedRows> => {
    if (proof === undefined) {
      const until = await readState(context);
      proof = { steps: proofSteps(context, until), began: Date.now(), horizon: until.horizon };
    }
    const { done, value } = await proof.steps.next();
    if (!done) {
      nextStep = inHurry ? 0 : performance.now() + proofEveryMs / STEPS;
      return value;
    }
    await writeState(context, { proved: proof.began });
    proved?.(proof.began, proof.horizon);
    proof = undefined;
    inHurry = false;
    nextStep = performance.now() + proofEveryMs / STEPS;
    return NOTHING_SEALED;
  };

  while (!signal.aborted) {
    const began = performance.now();
    try {
      seen ??= { until: await readProved(context), arrivals: new Map() };
      const rows: Tick = await tick(context, seen, { now: now?.(), graceMs });
      told(rows, began, sealed);
      ticked?.(began);
      if (began >= nextStep) {
        const stepped = performance.now();
        const rows = await step();
        if (rows.slots + rows.days + rows.milestones > 0) await writeState(context, { changed: Date.now() });
        told(rows, stepped, sealed);
      }
    } catch (error) {
      proof = undefined;
      inHurry = true;
      nextStep = 0;
      if (!signal.aborted) failed?.(error);
    }
    const ended = performance.now();
    credit = Math.min(BURST_MS, credit + (ended - counted) * share) - (ended - began);
    counted = ended;
    const rest = Math.max(everyMs, credit < 0 ? -credit / share : 0);
    await sleep(rest, undefined, { signal }).catch(() => undefined);
  }
};

/** About as many steps as a proof has where nothing is stale. */
const STEPS = 8;

const told = (rows: SealedRows, began: number, sealed: SealerOptions['sealed']): void => {
  if (rows.slots + rows.days + rows.milestones > 0) sealed?.(rows, performance.now() - began);
};
