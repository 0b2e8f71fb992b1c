import type { stateResponse } from '@tillstream/schemas/api';
import type { RequestHandler, Response } from 'express';
import type { z } from 'zod';
import type { CommitQueue } from '../commit/queue.ts';
import type { Database } from '../database.ts';

type State = z.output<typeof stateResponse>['status'];

/** `GET /healthz`: the process is alive; whoever finds it otherwise should start it again. */
export const getHealth: RequestHandler = (_request, response) => answer(response, 'alive');

/**
 * `GET /readyz`: it can take purchases; whoever finds it otherwise should send them elsewhere. It asks Postgres and nobody
 * else: the outbox is there so that the broker does not matter.
 */
export const getReadiness =
  (queue: CommitQueue, db: Database, isStopping: () => boolean): RequestHandler =>
  async (_request, response) => {
    if (isStopping()) return answer(response, 'stopping');
    if (queue.isFull) return answer(response, 'overloaded');
    const there = await db.query('select 1').then(
      () => true,
      () => false,
    );
    answer(response, there ? 'ready' : 'no database');
  };

const answer = (response: Response, status: State): void => {
  const good = status === 'alive' || status === 'ready';
  response
    .status(good ? 200 : 503)
    .set(good ? {} : { 'Retry-After': '1' })
    .json({ status });
};
