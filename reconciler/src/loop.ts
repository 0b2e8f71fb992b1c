import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Run } from './passes/reconciler.ts';
import { countOf, healedOf } from './passes/summary.ts';
import { countFailure, countRun } from './report/metrics.ts';
import { writeResults } from './report/results.ts';

export interface LoopLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The same store being away is said this often. */
const SAY_AGAIN_MS = 60_000;

/**
 * Runs, writes the results and rests, until the signal aborts. A store that is away fails the run; the next one
 * goes on where the last good one stopped.
 *
 * @param everyMs from the start of a run to the start of the next; a longer run is followed at once
 */
export const runEvery = async (
  everyMs: number,
  run: Run,
  clickhouse: ClickHouse,
  log: LoopLog,
  signal: AbortSignal,
): Promise<void> => {
  let failingSince: number | undefined;
  let saidAt = 0;
  while (!signal.aborted) {
    const began = Date.now();
    try {
      const results = await run();
      const checkedAt = new Date();
      await writeResults(clickhouse, checkedAt, results);
      countRun(checkedAt, results);
      if (failingSince !== undefined) log.info({ afterMs: Date.now() - failingSince }, 'comparing again');
      failingSince = undefined;
      for (const { scope, summary } of results) {
        if (summary.findings.length === 0) continue;
        const found = {
          lost: countOf(summary, 'lost'),
          extra: countOf(summary, 'extra'),
          different: countOf(summary, 'different'),
        };
        log.warn({ scope, ...found, healed: healedOf(summary) }, 'Postgres and ClickHouse differed');
      }
    } catch (error) {
      if (signal.aborted) break;
      countFailure();
      failingSince ??= began;
      if (Date.now() - saidAt > SAY_AGAIN_MS) {
        log.warn({ err: error }, 'cannot compare; trying again');
        saidAt = Date.now();
      }
    }
    await delay(Math.max(0, began + everyMs - Date.now()), undefined, { signal }).catch(() => undefined);
  }
};
