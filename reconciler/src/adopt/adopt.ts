import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';
import { IDS_PER_QUERY, inPieces, uuidList } from '../clickhouse/sql-lists.ts';
import type { Kind } from '../compare/difference.ts';
import type { SubjectName } from '../facts/facts.ts';
import { type Healer, type HealLog, healerInto, noHealer } from '../heal/healer.ts';
import { passesOver } from '../passes/history.ts';
import { raiseRun } from '../passes/run-number.ts';
import { subjectsIn } from '../passes/subjects.ts';
import { addSummary, emptySummary, healedOf, type Summary } from '../passes/summary.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';

/** How many facts of each kind differ. */
export type Differences = Partial<Record<SubjectName, Record<Kind, number>>>;

export interface Adoption {
  found: Differences;
  /** How many purchases only ClickHouse had. */
  onlyInClickHouse: number;
  /** What still differs afterwards; undefined where nothing was changed. */
  left: Differences | undefined;
}

/** Postgres gives numbers as integers. */
const HIGHEST_NUMBER = 2 ** 31 - 1;
/** Beyond it a revision is no exact number here; there is none that is not made up. */
const HIGHEST_REVISION = 2 ** 52;

/**
 * Makes ClickHouse equal to a Postgres that was restored to an earlier moment. Every fact that differs is sent again above the
 * version that ClickHouse holds; what only ClickHouse has is taken away, however much it is. From then on the reconciler heals
 * again, and new customers get numbers and revisions above all that were ever given.
 *
 * @param save keeps the last events of the purchases that only ClickHouse has, before they are taken away
 * @param apply false: compares, and changes nothing
 * @throws when a store is away, or the events of Postgres do not reach ClickHouse
 */
export const adoptBooks = async (
  db: Database,
  clickhouse: ClickHouse,
  pipeline: Pipeline,
  log: HealLog,
  save: (events: readonly string[]) => void,
  apply: boolean,
): Promise<Adoption> => {
  if (!(await pipeline.caughtUp())) throw new Error('events do not reach ClickHouse: is the relay running?');
  const compareAll = async (healer: Healer): Promise<Summary> => {
    healer.beginRun(false);
    const total = emptySummary();
    for (const pass of passesOver(db, clickhouse, subjectsIn(db, clickhouse), pipeline, healer, 0, apply)) {
      for (let finished = false; !finished; ) {
        const step = await pass.step();
        addSummary(total, step.summary);
        finished = step.finished;
      }
    }
    if (!total.decided) throw new Error('events do not reach ClickHouse: is the relay running?');
    return total;
  };

  const first = await compareAll(noHealer);
  const found = differencesIn(first);
  const onlyInClickHouse = await lastEventsOf(
    clickhouse,
    first.findings.filter(({ subject, kind }) => subject === 'purchase' && kind === 'extra').map(({ key }) => key.id),
  );
  if (!apply) return { found, onlyInClickHouse: onlyInClickHouse.length, left: undefined };
  save(onlyInClickHouse);

  const healer = healerInto(db, clickhouse, pipeline, log, false);
  while (healedOf(await compareAll(healer)) > 0);
  await beginAbove(db, clickhouse);
  const left = differencesIn(await compareAll(noHealer));
  await raiseRun(db, clickhouse);
  return { found, onlyInClickHouse: onlyInClickHouse.length, left };
};

const differencesIn = ({ findings }: Summary): Differences => {
  const differences: Differences = {};
  for (const { subject, kind } of findings) {
    differences[subject] ??= { lost: 0, extra: 0, different: 0 };
    differences[subject][kind] += 1;
  }
  return differences;
};

/** The newest event of each purchase that bronze holds. */
const lastEventsOf = async (clickhouse: ClickHouse, ids: readonly string[]): Promise<string[]> => {
  const events: string[] = [];
  for (const piece of inPieces(ids, IDS_PER_QUERY)) {
    const rows = await clickhouse.rows({
      name: 'adopt-books: events',
      sql: `SELECT argMax(payload, JSONExtractUInt(payload, 'data', 'version')) AS event FROM bronze.events
            WHERE dq_status = 'ok' AND key IN ${uuidList(piece)} GROUP BY key`,
      row: z.object({ event: z.string() }),
      timeoutSeconds: 600,
    });
    events.push(...rows.map(({ event }) => event));
  }
  return events;
};

/**
 * A number that was given to a customer who is gone stays his: ClickHouse counts customers by it. And one who comes again, as a
 * new customer, begins above every revision that ClickHouse has seen.
 */
const beginAbove = async (db: Database, clickhouse: ClickHouse): Promise<void> => {
  const { number, revision } = await clickhouse.row({
    name: 'adopt-books: highest numbers and revisions',
    sql: `SELECT maxIf(number, number <= ${HIGHEST_NUMBER}) AS number, maxIf(revision, revision < ${HIGHEST_REVISION}) AS revision
          FROM (SELECT number, revision FROM silver.customers UNION ALL SELECT number, revision FROM silver.customer_branches)`,
    row: z.object({ number: z.number(), revision: z.number() }),
  });
  await db.query(
    `select setval(sequence, $1) from pg_get_serial_sequence('customers', 'number') as sequence
     where $1 > (select coalesce(max(number), 0) from customers)`,
    [number],
  );
  await db.query('update chain_settings set revision_epoch = greatest(revision_epoch, $1)', [revision]);
};
