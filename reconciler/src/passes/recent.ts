import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { changesInClickHouse } from '../clickhouse/changes.ts';
import { compareKeys, compareScope } from '../compare/compare.ts';
import type { Healer } from '../heal/healer.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { changesInPostgres, nextWindow } from '../postgres/changes.ts';
import type { Subjects } from './subjects.ts';
import { addComparison, emptySummary, type Summary } from './summary.ts';

/** Compares what either store took in since it last did. */
export type Recent = () => Promise<Summary>;

/** Windows overlap by this much, for transactions that took long to commit. */
const OVERLAP_MS = 5_000;

export const recentChanges = (
  db: Database,
  clickhouse: ClickHouse,
  subjects: Subjects,
  pipeline: Pipeline,
  healer: Healer,
  settlingMs: number,
): Recent => {
  const changedParts = changesInClickHouse(clickhouse);
  /** Up to where everything was compared and decided, milliseconds since 1970. */
  let comparedTo: number | undefined;

  return async () => {
    const { purchases, customers, customerBranches } = subjects;
    const summary = emptySummary();
    const wanted = comparedTo === undefined ? undefined : comparedTo - OVERLAP_MS;
    const { from, to } = await nextWindow(db, wanted, settlingMs);
    const changed = await changesInPostgres(db, from, to);
    const scope = { kind: 'recent' as const, recordedFrom: from, recordedTo: to, slots: changed.slots };
    if (changed.slots.length > 0)
      await addComparison(summary, purchases, await compareScope(purchases, scope, pipeline), healer);
    // A row that came into ClickHouse just now of a purchase that is not recent: sold offline, sent again, or wrong.
    const inserted = await changedParts(from);
    const keys = [...changed.revised, ...inserted];
    if (keys.length > 0) await addComparison(summary, purchases, await compareKeys(purchases, keys, pipeline), healer);
    // Customers come last: what was healed above has brought their snapshots along.
    for (const [subject, touched] of [
      [customers, changed.customers],
      [customerBranches, changed.customerBranches],
    ] as const) {
      if (touched.length > 0)
        await addComparison(summary, subject, await compareKeys(subject, touched, pipeline), healer);
    }
    if (summary.decided) comparedTo = to;
    return summary;
  };
};
