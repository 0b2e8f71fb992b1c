import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/database';
import { type HealLog, healerInto, noHealer } from './heal.ts';
import { customersPass, purchasesPass } from './history.ts';
import { recentChanges } from './recent.ts';
import type { Result } from './results.ts';
import { type Road, waitingOncePerRun } from './road.ts';
import { subjectsIn } from './subjects.ts';
import { add, emptyTally } from './tally.ts';

/** How the reconciler goes about its work. */
export interface ReconcilerOptions {
  heal: boolean;
  /** Milliseconds per run for the pass over all history; a run ends its last stretch beyond it. */
  historyBudgetMs: number;
  /** What was recorded less than this many milliseconds ago is on its way as a rule, and left to the next run. */
  settlingMs: number;
  /** Milliseconds from the end of a pass to the start of the next. */
  restMs: number;
}

/** One comparison of everything that is due: what is recent, and some stretches of history. */
export type Run = () => Promise<Result[]>;

export const reconciler = (
  db: Database,
  clickhouse: ClickHouse,
  wholeRoad: Road,
  log: HealLog,
  options: ReconcilerOptions,
): Run => {
  const road = waitingOncePerRun(wholeRoad);
  const subjects = subjectsIn(db, clickhouse);
  const healer = options.heal ? healerInto(db, road, log) : noHealer;
  const recent = recentChanges(db, clickhouse, subjects, road, healer, options.settlingMs);
  const passes = [
    purchasesPass(db, clickhouse, subjects, road, healer, options.settlingMs),
    customersPass(db, subjects.customers, 'customers', road, healer),
    customersPass(db, subjects.customerBranches, 'customer_branches', road, healer),
  ].map((pass) => ({ pass, startedAt: undefined as Date | undefined, notBefore: 0 }));

  const goOn = async (entry: (typeof passes)[number]): Promise<Result> => {
    const began = performance.now();
    entry.startedAt ??= new Date();
    const { tally, finished } = await entry.pass.step();
    const result = { scope: entry.pass.scope, passStartedAt: entry.startedAt, finished, ...measured(tally, began) };
    if (finished) {
      entry.startedAt = undefined;
      entry.notBefore = Date.now() + options.restMs;
    }
    return result;
  };

  return async () => {
    healer.beginRun();
    road.beginRun();
    const began = performance.now();
    const waiting = await road.waiting();
    const tally = await recent();
    const now = new Date();
    const results: Result[] = [
      {
        scope: 'recent',
        passStartedAt: now,
        finished: true,
        ...measured(tally, began),
        inFlight: Math.max(waiting, tally.moving.size),
      },
    ];
    const budgetEnds = performance.now() + options.historyBudgetMs;
    // In turn, so that no pass waits for another to end.
    while (performance.now() < budgetEnds) {
      const due = passes.filter(({ notBefore }) => notBefore <= Date.now());
      if (due.length === 0) break;
      for (const entry of due) results.push(await goOn(entry));
    }
    return merged(results);
  };
};

const measured = (tally: ReturnType<typeof emptyTally>, began: number) => ({
  tally,
  inFlight: tally.moving.size,
  durationMs: Math.round(performance.now() - began),
});

/** Stretches of the same pass as one result. */
const merged = (results: readonly Result[]): Result[] => {
  const byPass = new Map<string, Result>();
  for (const result of results) {
    const name = `${result.scope} ${result.passStartedAt.getTime()}`;
    const total = byPass.get(name) ?? { ...result, tally: emptyTally(), inFlight: 0, durationMs: 0 };
    add(total.tally, result.tally);
    total.inFlight += result.inFlight;
    total.durationMs += result.durationMs;
    total.finished = result.finished;
    byPass.set(name, total);
  }
  return [...byPass.values()];
};
