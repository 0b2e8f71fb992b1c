import { Router } from 'express';
import type { Database } from '../database.ts';

/**
 * `/healthz`: the process is alive. `/readyz`: it can take purchases, so it asks Postgres and nobody else; the
 * outbox is there so that the broker does not matter. Not ready once it is stopping.
 */
export const healthRoutes = (db: Database, isStopping: () => boolean): Router => {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'alive' });
  });
  router.get('/readyz', async (_request, response) => {
    if (isStopping()) {
      response.status(503).json({ status: 'stopping' });
      return;
    }
    try {
      await db.query('select 1');
      response.json({ status: 'ready' });
    } catch {
      response.status(503).set('Retry-After', '1').json({ status: 'no database' });
    }
  });
  return router;
};
