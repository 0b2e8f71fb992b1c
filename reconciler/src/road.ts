import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@tillstream/pos-api/database';
import { z } from 'zod';

/** The way from Postgres to ClickHouse. */
export interface Road {
  /**
   * Waits until everything that Postgres had committed before the call stands in ClickHouse.
   *
   * @returns false when that took longer than the road waits, or the process is stopping: nothing is known then
   */
  passed(): Promise<boolean>;
  /** Events that wait in the outbox now; no more than a million are counted. */
  waiting(): Promise<number>;
}

/** A road that is blocked is waited for once per run, not by each comparison anew. */
export interface RoadOfRuns extends Road {
  beginRun(): void;
}

export const waitingOncePerRun = (road: Road): RoadOfRuns => {
  let blocked = false;
  return {
    beginRun: () => {
      blocked = false;
    },
    passed: async () => {
      if (!blocked) blocked = !(await road.passed());
      return !blocked;
    },
    waiting: () => road.waiting(),
  };
};

/** The part of the road behind the outbox. */
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
 * The road over the outbox and, when there is one, the broker. Without a broker the relay deletes from the outbox what
 * ClickHouse has acknowledged, so an outbox that has passed is all there is to wait for.
 *
 * @param patienceMs how long to wait at most
 */
export const roadOver = (db: Database, broker: Broker | undefined, patienceMs: number, signal: AbortSignal): Road => {
  const until = async (arrived: () => Promise<boolean>, deadline: number): Promise<boolean> => {
    for (;;) {
      if (signal.aborted) return false;
      if (await arrived()) return true;
      if (Date.now() > deadline) return false;
      await delay(POLL_MS);
    }
  };

  return {
    passed: async () => {
      const deadline = Date.now() + patienceMs;
      // Numbers are given before the commit: a lower one may still appear, and is waited for as well. What is committed
      // now is at or below the highest number that can be seen now, which is all that counts.
      const { rows } = await db.query('select max(id) as mark from outbox');
      const { mark } = markRow.parse(rows[0]);
      if (mark !== null && !(await until(() => isEmptyUpTo(db, mark), deadline))) return false;
      return broker === undefined || until(await broker.mark(), deadline);
    },
    waiting: async () => {
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
