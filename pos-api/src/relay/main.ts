import { serveHealth } from '@tillstream/schemas/http/health-server';
import { kafkaOf } from '@tillstream/schemas/kafka/kafka';
import {
  clickhouseUrl,
  locationSettings,
  orExit,
  orExitAsync,
  postgresUrl,
  settingsOrExit,
} from '@tillstream/schemas/settings';
import { pino } from 'pino';
import { z } from 'zod';
import { connectPostgres } from '../postgres/database.ts';
import { startTracing } from '../tracing.ts';
import { relayMetrics } from './metrics.ts';
import { readBacklog } from './outbox/backlog.ts';
import { directPublisher } from './publishers/direct-publisher.ts';
import { kafkajsPublisher } from './publishers/kafkajs-publisher.ts';
import { tracedPublisher } from './publishers/traced-publisher.ts';
import { runRelay } from './relay.ts';

const settings = settingsOrExit({ ...locationSettings, RELAY_HOST: z.string().default('127.0.0.1') });
/** What is in hand may be finished for so long; then it is given back. */
const FINISH_MS = 2_000;
/** A scrape of the metrics must not wait for a Postgres that is silent. */
const METRICS_MS = 2_000;

const log = pino({ name: 'relay' });

const tracing = await orExitAsync(() => startTracing('relay'));
const kafka = orExit(() => kafkaOf(settings));
const plainPublisher = kafka ? kafkajsPublisher(kafka) : directPublisher(clickhouseUrl(settings));
const publisher = tracing ? tracedPublisher(plainPublisher, tracing) : plainPublisher;

const db = connectPostgres(postgresUrl(settings), 'relay-metrics', 1, { queryMs: METRICS_MS });
const metrics = relayMetrics(() => readBacklog(db));
serveHealth({
  port: settings.RELAY_PORT,
  host: settings.RELAY_HOST,
  setting: 'RELAY_PORT',
  metrics: metrics.registry,
  readiness: () => {
    const { connected, sending } = metrics.state();
    return { ready: connected && sending, postgres: connected, publisher: sending };
  },
}).on('listening', () =>
  log.info({ to: settings.KAFKA_BROKERS ?? 'ClickHouse, without a broker', port: settings.RELAY_PORT }, 'relaying'),
);

const stopping = new AbortController();
const stop = () => {
  if (stopping.signal.aborted) return;
  log.info({}, 'stopping');
  stopping.abort();
  // A broker that does not answer must not hold the shutdown up: what it did not acknowledge stays in the outbox, since
  // Postgres takes back what a connection that ends has not committed.
  setTimeout(() => process.exit(0), FINISH_MS).unref();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

await runRelay(postgresUrl(settings), publisher, log, stopping.signal, metrics.watch);
await Promise.all([publisher.close(), tracing?.stop()]);
process.exit(0);
