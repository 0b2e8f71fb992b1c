import { connectClickHouse } from '@tillstream/clickhouse/client';
import { runSealer } from '@tillstream/clickhouse/seal/sealer';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { kafkaOf } from '@tillstream/schemas/kafka/kafka';
import {
  clickhouseUrl,
  count,
  locationSettings,
  orExit,
  postgresUrl,
  settingsOrExit,
  shopSettings,
} from '@tillstream/schemas/settings';
import { pino } from 'pino';
import { z } from 'zod';
import { runEvery } from './loop.ts';
import { type Run, reconciler } from './passes/reconciler.ts';
import { emptyMessages } from './pipeline/empty-messages.ts';
import { kafkaBroker } from './pipeline/kafka.ts';
import { pipelineOver } from './pipeline/pipeline.ts';
import { queueKeeper } from './pipeline/queue.ts';
import {
  countSealed,
  countSealFailure,
  hasComparedWithin,
  sealsProved,
  serveMetrics,
  watchTopic,
} from './report/metrics.ts';

const settings = settingsOrExit({
  ...locationSettings,
  ...shopSettings,
  RECONCILE_EVERY_SECONDS: count(10, 1, 3600),
  RECONCILE_HEAL: z.enum(['on', 'off']).default('on'),
  /** Seconds that Postgres may take for a statement; a run whose stores do not answer fails, and the next one begins. */
  RECONCILE_TIMEOUT_SECONDS: count(15, 1, 600),
  /** How much of each run may go into comparing all of history: 250 ms every 5 s are 5 % of one core. */
  RECONCILE_HISTORY_MS: count(250, 0, 60_000),
  /** How much of a core sealing may take on average. */
  SEAL_SHARE_PERCENT: count(15, 1, 100),
  /** 0: no metrics are served. */
  RECONCILER_METRICS_PORT: count(0, 0, 65535),
  RECONCILER_METRICS_HOST: z.string().default('127.0.0.1'),
});
const log = pino({ name: 'reconciler' });

/** How long what is on its way is waited for before it is left to the next run. */
const TIMEOUT_MS = 5_000;
const SHUTDOWN_MS = 2_000;
const REST_BETWEEN_PASSES_MS = 10_000;
/** Far more than an event takes from Postgres into ClickHouse. */
const SETTLING_MS = 3_000;

const stopping = new AbortController();
const stop = () => {
  stopping.abort();
  // A store that does not answer must not hold the shutdown up: a run only reads, and what heals is one transaction.
  setTimeout(() => process.exit(0), SHUTDOWN_MS).unref();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

const db = connectPostgres(postgresUrl(settings), 'reconciler', 3, {
  queryMs: settings.RECONCILE_TIMEOUT_SECONDS * 1_000,
});
const clickhouse = connectClickHouse(clickhouseUrl(settings), 'reconciler');
const kafka = orExit(() => kafkaOf(settings));
const broker = kafka && kafkaBroker(kafka, clickhouse);
if (broker) watchTopic(() => broker.progress());
/** A run that the stores answer takes seconds; without an end for so long it is stuck. */
const staleMs = (settings.RECONCILE_EVERY_SECONDS + 2 * settings.RECONCILE_TIMEOUT_SECONDS) * 1_000;
const metrics = settings.RECONCILER_METRICS_PORT
  ? serveMetrics(settings.RECONCILER_METRICS_PORT, settings.RECONCILER_METRICS_HOST, () => hasComparedWithin(staleMs))
  : undefined;
const compare = reconciler(db, clickhouse, pipelineOver(db, broker, TIMEOUT_MS, stopping.signal), log, {
  heal: settings.RECONCILE_HEAL === 'on',
  historyBudgetMs: settings.RECONCILE_HISTORY_MS,
  settlingMs: SETTLING_MS,
  restMs: REST_BETWEEN_PASSES_MS,
});
const keepQueueAttached = queueKeeper(clickhouse);
const noteEmptyMessages = broker && emptyMessages(clickhouse, () => broker.readOffsets());
const run: Run = async () => {
  // Comparing goes on where this is refused.
  const attached = await keepQueueAttached().catch((error: unknown) => error);
  if (attached === true) log.warn({}, 'the queue had been left detached by a replay; it is attached again');
  const empty = await noteEmptyMessages?.().catch((error: unknown) => error);
  if (typeof empty === 'number' && empty > 0) log.warn({ messages: empty }, 'empty messages are in quarantine');
  const results = await compare();
  if (empty instanceof Error) log.warn({ err: empty }, 'cannot look for empty messages');
  if (attached instanceof Error) log.warn({ err: attached }, 'cannot attach the queue');
  return results;
};
log.info({ everySeconds: settings.RECONCILE_EVERY_SECONDS, heal: settings.RECONCILE_HEAL }, 'comparing');

// Sealing is the other chore that nobody waits for: it shares this process and needs none of its own.
const sealing = runSealer(clickhouse, {
  shop: settings,
  share: settings.SEAL_SHARE_PERCENT / 100,
  signal: stopping.signal,
  sealed: countSealed,
  proved: sealsProved,
  failed: (error) => {
    countSealFailure();
    log.warn(
      { err: error },
      'sealing failed; it is tried again, and figures of the past stay as they were sealed until then',
    );
  },
});

await runEvery(settings.RECONCILE_EVERY_SECONDS * 1000, run, clickhouse, log, stopping.signal);
await sealing;
metrics?.close();
await Promise.all([db.end(), clickhouse.close(), broker?.close()]);
process.exit(0);
