import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { type HealLog, healerInto, noHealer } from '../heal/healer.ts';
import { type Pipeline, waitOncePerRun } from '../pipeline/pipeline.ts';
import { passesOver } from './history.ts';
import { recentChanges } from './recent.ts';
import { beginRun } from './run-number.ts';
import { subjectsIn } from './subjects.ts';
import { addSummary, emptySummary, type Result } from './summary.ts';

/** How the reconciler goes about its work. */
export interface ReconcilerOptions {
  heal: boolean;
  /** Milliseconds per run for the pass over all history; a run ends its last chunk beyond it. */
  historyBudgetMs: number;
  /** What was recorded less than this many milliseconds ago is on its way as a rule, and left to the next run. */
  settlingMs: number;
  /** Milliseconds from the end of a pass to the start of the next. */
  restMs: number;
}

/** What a run says of one scope, before it is known how the run ends. */
type ScopeResult = Omit<Result, 'run' | 'healingStopped'>;

/** One comparison of everything that is due: what is recent, and some chunks of history. */
export type Run = () => Promise<Result[]>;

export const reconciler = (
  db: Database,
  clickhouse: ClickHouse,
  pipelineToClickHouse: Pipeline,
  log: HealLog,
  options: ReconcilerOptions,
): Run => {
  const pipeline = waitOncePerRun(pipelineToClickHouse);
  const subjects = subjectsIn(db, clickhouse);
  const healer = options.heal ? healerInto(db, clickhouse, pipeline, log) : noHealer;
  const recent = recentChanges(db, clickhouse, subjects, pipeline, healer, options.settlingMs);
  const passes = passesOver(db, clickhouse, subjects, pipeline, healer, options.settlingMs, options.heal).map(
    (pass) => ({
      pass,
      startedAt: undefined as Date | undefined,
      notBefore: 0,
    }),
  );

  const goOn = async (entry: (typeof passes)[number]): Promise<ScopeResult> => {
    const began = performance.now();
    entry.startedAt ??= new Date();
    const { summary, finished } = await entry.pass.step();
    const result = { scope: entry.pass.scope, passStartedAt: entry.startedAt, finished, ...measured(summary, began) };
    if (finished) {
      entry.startedAt = undefined;
      entry.notBefore = Date.now() + options.restMs;
    }
    return result;
  };

  return async () => {
    const { run, isRestored } = await beginRun(db, clickhouse);
    if (isRestored)
      log.error({ run }, 'Postgres was restored to an earlier moment: nothing is healed until npm run adopt-books');
    healer.beginRun(isRestored);
    pipeline.beginRun();
    const began = performance.now();
    const backlog = await pipeline.backlog();
    const summary = await recent();
    const now = new Date();
    const results: ScopeResult[] = [
      {
        scope: 'recent',
        passStartedAt: now,
        finished: true,
        ...measured(summary, began),
        inFlight: Math.max(backlog, summary.inFlight.size),
      },
    ];
    const budgetEnds = performance.now() + options.historyBudgetMs;
    // In turn, so that no pass waits for another to end.
    while (performance.now() < budgetEnds) {
      const due = passes.filter(({ notBefore }) => notBefore <= Date.now());
      if (due.length === 0) break;
      for (const entry of due) results.push(await goOn(entry));
    }
    return merged(results).map((result) => ({ ...result, run, healingStopped: healer.stopped() }));
  };
};

const measured = (summary: ReturnType<typeof emptySummary>, began: number) => ({
  summary,
  inFlight: summary.inFlight.size,
  durationMs: Math.round(performance.now() - began),
});

/** Stretches of the same pass as one result. */
const merged = (results: readonly ScopeResult[]): ScopeResult[] => {
  const byPass = new Map<string, ScopeResult>();
  for (const result of results) {
    const name = `${result.scope} ${result.passStartedAt.getTime()}`;
    const total = byPass.get(name) ?? { ...result, summary: emptySummary(), inFlight: 0, durationMs: 0 };
    addSummary(total.summary, result.summary);
    total.inFlight += result.inFlight;
    total.durationMs += result.durationMs;
    total.finished = result.finished;
    byPass.set(name, total);
  }
  return [...byPass.values()];
};
