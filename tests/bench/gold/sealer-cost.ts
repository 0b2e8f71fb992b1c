import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { sealContext } from '@tillstream/clickhouse/seal/context';
import { runSealer } from '@tillstream/clickhouse/seal/sealer';
import { type Seen, tick } from '@tillstream/clickhouse/seal/tick';
import { SHOP } from './world.ts';

const START_MS = 180_000;
const TICKS = 4;

/** A sealer at work, and what it has cost since {@link Sealing.begin}. */
export interface Sealing {
  begin(): void;
  /** Prints the time of its statements, each of one thread, as a share of the time since. */
  print(): void;
  stop(): Promise<void>;
}

/** Seals as the reconciler does, `now` being the clock of the sales; resolves when it has proved all that there was before. */
export const sealMeanwhile = async (clickhouse: ClickHouse, now: () => number): Promise<Sealing> => {
  const counted = { ms: 0, ticks: 0, slots: 0, days: 0, milestones: 0, proofs: 0, proofMs: 0 };
  const byName = new Map<string, { times: number; ms: number }>();
  const count = async <Value>(name: string, statement: Promise<Value>): Promise<Value> => {
    const began = performance.now();
    return statement.finally(() => {
      const ms = performance.now() - began;
      counted.ms += ms;
      const before = byName.get(name) ?? { times: 0, ms: 0 };
      byName.set(name, { times: before.times + 1, ms: before.ms + ms });
    });
  };
  const observed: ClickHouse = {
    ...clickhouse,
    rows: (query) => count(query.name, clickhouse.rows(query)),
    row: (query) => {
      if (query.name === 'sealer_look') counted.ticks++;
      return count(query.name, clickhouse.row(query));
    },
    insertSelect: (insert) => count(insert.name, clickhouse.insertSelect(insert)),
    insert: (table, rows) => count(table, clickhouse.insert(table, rows)),
  };
  const stopping = new AbortController();
  let failure: unknown;
  const sealing = runSealer(observed, {
    shop: SHOP,
    now,
    failed: (error) => {
      failure = error;
    },
    sealed: ({ slots, days, milestones }) => {
      counted.slots += slots;
      counted.days += days;
      counted.milestones += milestones;
    },
    proved: (beganAt) => {
      counted.proofs++;
      counted.proofMs += Date.now() - beganAt;
    },
    signal: stopping.signal,
  });
  const failed = () => {
    if (failure !== undefined) throw failure;
  };
  // At its start it proves everything at once and rests from that; only then it goes at its pace.
  const patience = performance.now() + START_MS;
  while ((counted.proofs === 0 || counted.ticks < TICKS) && performance.now() < patience) {
    failed();
    if (counted.proofs === 0) counted.ticks = 0;
    await sleep(100);
  }
  let began = performance.now();
  return {
    begin: () => {
      began = performance.now();
      Object.assign(counted, { ms: 0, ticks: 0, slots: 0, days: 0, milestones: 0, proofs: 0, proofMs: 0 });
      byName.clear();
    },
    print: () => {
      const { ms, ticks, slots, days, milestones, proofs, proofMs } = counted;
      const elapsed = performance.now() - began;
      console.log(
        `  the sealer: its statements took ${((100 * ms) / elapsed).toFixed(1)} % of the time; ${(ticks / (elapsed / 1000)).toFixed(1)} ticks/s, ` +
          `sealed anew ${slots} slots, ${days} days, ${milestones} days of milestones; ${proofs} proofs of everything, each within ${(proofMs / Math.max(1, proofs) / 1000).toFixed(0)} s`,
      );
      for (const [name, { times, ms }] of [...byName].sort(([, a], [, b]) => b.ms - a.ms)) {
        console.log(`    ${name}: ${times} × ${(ms / times).toFixed(0)} ms = ${((100 * ms) / elapsed).toFixed(1)} %`);
      }
    },
    stop: async () => {
      stopping.abort();
      await sealing;
      failed();
    },
  };
};

const IDLE_TICKS = 50;

/** Prints what a tick costs that finds nothing: CPU of the engine, less what it takes without. No sale may come in meanwhile. */
export const measureIdleTick = async (clickhouse: ClickHouse, cpuMs: () => number, now: number): Promise<void> => {
  const context = sealContext(clickhouse, SHOP);
  const seen: Seen = { until: 0, arrivals: new Map() };
  const look = () => tick(context, seen, { now, graceMs: 0 });
  await look();
  const cost = async (work: () => Promise<unknown>) => {
    const before = cpuMs();
    for (let n = 0; n < IDLE_TICKS; n++) {
      await work();
      await sleep(100);
    }
    return (cpuMs() - before) / IDLE_TICKS;
  };
  const idle = await cost(async () => undefined);
  const looked = await cost(look);
  console.log(`  a tick that finds nothing: ${(looked - idle).toFixed(1)} ms of the engine's CPU`);
};
