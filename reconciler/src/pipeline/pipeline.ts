import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';

/** How events get from Postgres to ClickHouse. */
export interface Pipeline {
  /**
   * Waits until everything that Postgres had committed before the call stands in ClickHouse.
   *
   * @returns false when that took longer than the timeout, or the process is stopping: nothing is known then
   */
  caughtUp(): Promise<boolean>;
  /** Events that wait in the outbox now; no more than a million are counted. */
  backlog(): Promise<number>;
}

/** A pipeline whose timeout is waited for once per run, not once per comparison. */
export interface PipelinePerRun extends Pipeline {
  beginRun(): void;
}

export const waitOncePerRun = (pipeline: Pipeline): PipelinePerRun => {
  let blocked = false;
  return {
    beginRun: () => {
      blocked = false;
    },
    caughtUp: async () => {
      if (!blocked) blocked = !(await pipeline.caughtUp());
      return !blocked;
    },
    backlog: () => pipeline.backlog(),
  };
};

/** The part of the pipeline behind the outbox. */
export interface Broker {
  /** How far each partition has been written, as a check whether ClickHouse has read that far. */
  mark(): Promise<() => Promise<boolean>>;
}

const POLL_MS = 25;
const MOST_COUNTED = 1_000_000;

const markRow = z.object({ mark: z.string().nullable() });
const leftRow = z.object({ waits: z.boolean() });
const countRow = z.object({ waiting: z.coerce.number() });

/**
 * The outbox and, when there is one, the broker. Without a broker the relay deletes from the outbox what
 * ClickHouse has acknowledged, so nothing but the outbox is waited for.
 *
 * @param timeoutMs how long to wait at most
 */
export const pipelineOver = (
  db: Database,
  broker: Broker | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Pipeline => {
  const until = async (arrived: () => Promise<boolean>, deadline: number): Promise<boolean> => {
    for (;;) {
      if (signal.aborted) return false;
      if (await arrived()) return true;
      if (Date.now() > deadline) return false;
      await delay(POLL_MS);
    }
  };

  return {
    caughtUp: async () => {
      const deadline = Date.now() + timeoutMs;
      // Numbers are given before the commit: a lower one may still appear, and is waited for as well. What is committed
      // now is at or below the highest number that can be seen now, which is all that counts.
      const { rows } = await db.query('select max(id) as mark from outbox');
      const { mark } = markRow.parse(rows[0]);
      if (mark !== null && !(await until(() => isEmptyUpTo(db, mark), deadline))) return false;
      return broker === undefined || until(await broker.mark(), deadline);
    },
    backlog: async () => {
      const { rows } = await db.query('select count(*) as waiting from (select from outbox limit $1) as waiting_row', [
        MOST_COUNTED,
      ]);
      return countRow.parse(rows[0]).waiting;
    },
  };
};

const isEmptyUpTo = async (db: Database, mark: string): Promise<boolean> => {
  const { rows } = await db.query('select exists (select from outbox where id <= $1) as waits', [mark]);
  return !leftRow.parse(rows[0]).waits;
};
