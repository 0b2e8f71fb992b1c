import { setTimeout as sleep } from 'node:timers/promises';
import type { ShopClock } from '../calendar/shop-day.ts';
import type { ClickHouse } from '../client.ts';
import { sealContext } from './context.ts';
import { proofSteps } from './proof.ts';
import { NOTHING_SEALED, type SealedRows } from './seal-days.ts';
import { readState, writeState } from './state.ts';
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

const BURST_MS = 10_000;
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
  const { horizon } = await tick(context, { arrivals: new Map() }, { now, graceMs });
  const until = await readState(context);
  for await (const _ of proofSteps(context, until));
  await writeState(context, { changed: true, proved: until.now });
  return horizon;
};

/**
 * Seals until the signal: a tick after each pause, and a step of the proof now and then, so that everything is proved once a minute or so.
 * A round that fails is tried again. It works no more than its share of a core, bursts apart.
 */
export const runSealer = async (clickhouse: ClickHouse, options: SealerOptions): Promise<void> => {
  const {
    shop,
    everyMs = 1_000,
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
  const seen: Seen = { arrivals: new Map() };
  // At first, and after a round that failed: something may be half done, which only the proof finds.
  let inHurry = true;
  let proof: { steps: AsyncGenerator<SealedRows>; began: number; horizon: number } | undefined;
  let nextStep = 0;
  let credit = BURST_MS;
  let counted = performance.now();

  const step = async (): Promise<SealedRows> => {
    if (proof === undefined) {
      const until = await readState(context);
      proof = { steps: proofSteps(context, until), began: until.now, horizon: until.horizon };
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
      const rows: Tick = await tick(context, seen, { now: now?.(), graceMs, waits: true });
      told(rows, began, sealed);
      ticked?.(began);
      if (rows.horizon > 0 && began >= nextStep) {
        const stepped = performance.now();
        const rows = await step();
        if (rows.slots + rows.days + rows.milestones > 0) await writeState(context, { changed: true });
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
