import { createServer } from 'node:http';
import { locationSettings, port, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { pino } from 'pino';
import { z } from 'zod';
import { CommitQueue } from '../commit/queue.ts';
import { connectPostgres } from '../database.ts';
import { recordPurchases } from '../record-purchases.ts';
import { groupCommitSize } from './metrics.ts';
import { buildApi } from './server.ts';

const settings = settingsOrExit({
  POSTGRES_URL: locationSettings.POSTGRES_URL,
  POSTGRES_PORT: locationSettings.POSTGRES_PORT,
  POS_API_PORT: port(4000),
  POS_API_HOST: z.string().default('127.0.0.1'),
});
const SHUTDOWN_MS = 8_000;

const log = pino({ name: 'pos-api' });
const db = connectPostgres(postgresUrl(settings), 'pos-api', 8);
const queue = new CommitQueue(
  (batch) => {
    groupCommitSize.observe(batch.length);
    return recordPurchases(db, batch);
  },
  { batch: 128, eager: 16, inFlight: 2, waiting: 4096 },
);

let stopping = false;
const app = buildApi({
  queue,
  db,
  isStopping: () => stopping,
  logError: (error) => log.error({ err: error }, 'request failed'),
});
const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 10_000, requestTimeout: 15_000 }, app);

server.on('error', (error: NodeJS.ErrnoException) => {
  const taken = error.code === 'EADDRINUSE';
  console.error(taken ? `port ${settings.POS_API_PORT} is taken: set POS_API_PORT to another` : error.message);
  process.exit(1);
});
server.listen(settings.POS_API_PORT, settings.POS_API_HOST, () =>
  log.info({ port: settings.POS_API_PORT }, 'listening'),
);

/** No new work, what is in flight is answered, then the pool closes. */
const stop = () => {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  server.close(async () => {
    await db.end();
    process.exit(0);
  });
  server.closeIdleConnections();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
