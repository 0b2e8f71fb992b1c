import express, { type Express } from 'express';
import type pg from 'pg';
import type { CommitQueue } from '../commit/queue.ts';
import { catalogRoutes } from './catalog.ts';
import { healthRoutes } from './health.ts';
import { measureRequests, registry } from './metrics.ts';
import { answerProblem, notFound } from './problems.ts';
import { purchaseRoutes } from './purchases.ts';

/** Far more than the largest purchase needs. */
const MAX_BODY = '64kb';

export interface ApiParts {
  queue: CommitQueue;
  db: pg.Pool;
  isStopping: () => boolean;
  logError: (error: unknown) => void;
}

/** The POS API as an Express application; listening is the caller's. */
export const buildApi = ({ queue, db, isStopping, logError }: ApiParts): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(healthRoutes(db, isStopping));
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).end(await registry.metrics());
  });
  app.use(measureRequests);
  app.use('/v1', express.json({ limit: MAX_BODY, strict: false }), purchaseRoutes(queue, db), catalogRoutes(db));
  app.use(notFound);
  app.use(answerProblem(logError));
  return app;
};
