import { isLoopback } from '@tillstream/schemas/http/loopback';
import { locationSettings, orExit, orExitAsync, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { pino } from 'pino';
import { applyDuePrices } from '../catalog.ts';
import { OutboxNotifier } from '../commit/notifier.ts';
import { CommitQueue } from '../commit/queue.ts';
import { reviseCustomers } from '../loyal-threshold.ts';
import { connectPostgres } from '../postgres/database.ts';
import { recordPurchases } from '../record-purchases.ts';
import { startTracing } from '../tracing.ts';
import { answerBrokenRequest } from './http/broken-request.ts';
import { createExpressServer } from './http/fast-express.ts';
import { keepYoungObjectsYoung } from './http/young-objects.ts';
import { localsOf } from './keys/caller.ts';
import { KeyRing } from './keys/key-ring.ts';
import { groupCommitDuration, groupCommitSize, watchLoad } from './monitoring/metrics.ts';
import { buildApi } from './server.ts';
import { apiSettings, keysAreOn, rateLimitOf } from './settings.ts';

keepYoungObjectsYoung();
const settings = settingsOrExit({
  POSTGRES_URL: locationSettings.POSTGRES_URL,
  POSTGRES_PORT: locationSettings.POSTGRES_PORT,
  TILLSTREAM_DATA: locationSettings.TILLSTREAM_DATA,
  ...apiSettings,
});
const withKeys = orExit(() => keysAreOn(settings));
const tracing = await orExitAsync(() => startTracing('pos-api'));
/** Postgres away: a till is told within a second. */
const ANSWER_MS = 900;
/** A connection that has not answered for so long is given up, so that others take its place. */
const GIVE_UP_MS = 5_000;
const HOUSEKEEPING_MS = 1_000;
/** A lock that a till's purchase waits for: its till has been told to come back long before. */
const LOCK_MS = 2_000;
const SHUTDOWN_MS = 8_000;
/** Without a good key, without its right, too often: whoever looks after the API has to know from where. */
const TURNED_AWAY = new Set([401, 403, 429]);

const output = pino.destination({ dest: 1, sync: false, minLength: 4096 });
const log = pino({ name: 'pos-api', level: settings.POS_API_LOG_LEVEL }, output);
setInterval(() => output.flush(), 500).unref();

// Pools of their own, so that no number of questions keeps a purchase or its notification waiting.
const url = postgresUrl(settings);
// The queue answers tills in time; a connection may take longer than that on a machine that is busy.
const commits = connectPostgres(url, 'pos-api', 2, {
  connectMs: GIVE_UP_MS,
  giveUpMs: GIVE_UP_MS,
  statementMs: GIVE_UP_MS,
  lockMs: LOCK_MS,
});
const db = connectPostgres(url, 'pos-api', 6, {
  connectMs: ANSWER_MS,
  queryMs: ANSWER_MS,
  statementMs: ANSWER_MS,
});
const notifications = connectPostgres(url, 'pos-api', 1, { connectMs: GIVE_UP_MS, giveUpMs: GIVE_UP_MS });
const notifier = new OutboxNotifier(notifications);
const queue = new CommitQueue(
  async (batch) => {
    groupCommitSize.observe(batch.length);
    const stop = groupCommitDuration.startTimer();
    try {
      const answers = await recordPurchases(commits, batch, { withNotify: false });
      if (answers.some(({ outcome }) => outcome === 'recorded')) notifier.notify();
      return answers;
    } finally {
      stop();
    }
  },
  { batch: 128, eager: 16, inFlight: 2, waiting: 4096, patienceMs: ANSWER_MS },
);
watchLoad(queue, { commits, questions: db, notifications });

const keys = withKeys ? new KeyRing(db) : undefined;
keys?.start();
let tidying = false;
const housekeeping = setInterval(async () => {
  if (tidying) return;
  tidying = true;
  // What fails is tried again a second later, and whether Postgres is there is for others to say.
  await applyDuePrices(db).catch(() => undefined);
  await reviseCustomers(db).catch(() => undefined);
  tidying = false;
}, HOUSEKEEPING_MS).unref();

let stopping = false;
const app = buildApi({
  queue,
  db,
  ...(keys && { keys }),
  ratePerSecond: rateLimitOf(settings.POS_API_RATE_LIMIT, withKeys),
  ...(tracing && { tracing }),
  trustedProxies: settings.POS_API_TRUST_PROXY,
  anyHost: settings.POS_API_TRUST_PROXY > 0 || !isLoopback(settings.POS_API_HOST),
  isStopping: () => stopping,
  logError: (error, response) => log.error({ err: error, requestId: localsOf(response).requestId }, 'request failed'),
  logWarning: (fields, message, response) => {
    const { requestId, key, purchaseId } = localsOf(response);
    log.warn({ requestId, key: key?.key_id, purchase: purchaseId, ...fields }, message);
  },
  // No path, body or customer: what identifies a person is not logged. An address only of who was turned away.
  logRequest: ({ method, route, status, milliseconds }, response) => {
    const { requestId, key, span, purchaseId } = localsOf(response);
    log.info(
      {
        requestId,
        trace: span?.traceId,
        key: key?.key_id,
        purchase: purchaseId,
        method,
        route,
        status,
        ms: Math.round(milliseconds * 10) / 10,
        ...(TURNED_AWAY.has(status) && { address: response.req.ip }),
      },
      'answered',
    );
  },
});
const server = createExpressServer(app, {
  keepAliveTimeout: 65_000,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
});
server.on('clientError', answerBrokenRequest);
server.on('error', (error: NodeJS.ErrnoException) => {
  const taken = error.code === 'EADDRINUSE';
  console.error(taken ? `port ${settings.POS_API_PORT} is taken: set POS_API_PORT to another` : error.message);
  process.exit(1);
});
server.listen(settings.POS_API_PORT, settings.POS_API_HOST, () => {
  log.info({ host: settings.POS_API_HOST, port: settings.POS_API_PORT, keys: withKeys ? 'on' : 'off' }, 'listening');
  if (!withKeys)
    log.warn('API keys are off: whoever reaches this address may record purchases. It listens on loopback only');
});

/** No new work, what is in flight is answered, then the pools close. */
const stop = () => {
  if (stopping) return;
  stopping = true;
  log.info('stopping');
  clearInterval(housekeeping);
  const end = (code: number) => {
    output.flushSync();
    process.exit(code);
  };
  setTimeout(() => end(1), SHUTDOWN_MS).unref();
  // A connection that was busy when the server closed becomes idle with its answer.
  setInterval(() => server.closeIdleConnections(), 100).unref();
  server.close(async () => {
    await Promise.all([keys?.stop(), notifier.settled()]);
    await Promise.all([commits.end(), db.end(), notifications.end(), tracing?.stop()]);
    end(0);
  });
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
