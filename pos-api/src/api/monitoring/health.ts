import type { stateResponse } from '@tillstream/schemas/api';
import type { RequestHandler, Response } from 'express';
import type pg from 'pg';
import { z } from 'zod';
import type { CommitQueue } from '../../commit/queue.ts';

type State = z.output<typeof stateResponse>['status'];

/** `GET /healthz`: the process is alive; whoever finds it otherwise should start it again. */
export const getHealth: RequestHandler = (_request, response) => answer(response, 'alive');

/**
 * `GET /readyz`: it can take purchases; whoever finds it otherwise should send them elsewhere. It asks Postgres and nobody
 * else: the outbox is there so that the broker does not matter.
 */
export const getReadiness =
  (queue: CommitQueue, db: pg.Pool, isStopping: () => boolean): RequestHandler =>
  async (_request, response) => {
    if (isStopping()) return answer(response, 'stopping');
    if (queue.isFull) return answer(response, 'overloaded');
    answer(response, await stateOfDatabase(db));
  };

const writable = z.object({ read_only: z.boolean() });

/** Whether purchases can be written: Postgres may answer and still be a replica, or be empty. */
const stateOfDatabase = async (db: pg.Pool): Promise<State> => {
  try {
    const { rows } = await db.query({
      name: 'readiness',
      text: `select current_setting('transaction_read_only')::boolean as read_only from chain_settings`,
    });
    if (!writable.parse(rows[0]).read_only) return 'ready';
    // A primary that was demoted never becomes writable again for who stays connected to it: let go of all connections.
    await Promise.all(Array.from({ length: db.idleCount }, async () => (await db.connect()).release(true)));
    return 'read-only database';
  } catch {
    return 'no database';
  }
};

const answer = (response: Response, status: State): void => {
  const good = status === 'alive' || status === 'ready';
  response
    .status(good ? 200 : 503)
    .set(good ? {} : { 'Retry-After': '1' })
    .json({ status });
};
