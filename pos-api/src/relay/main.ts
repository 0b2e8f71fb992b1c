import { clickhouseUrl, locationSettings, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { pino } from 'pino';
import { directPublisher } from './direct-publisher.ts';
import { kafkajsPublisher } from './kafkajs-publisher.ts';
import { runRelay } from './relay.ts';

const settings = settingsOrExit(locationSettings);
const log = pino({ name: 'relay' });

const publisher = settings.KAFKA_BROKERS
  ? kafkajsPublisher(settings.KAFKA_BROKERS)
  : directPublisher(clickhouseUrl(settings));
log.info({ to: settings.KAFKA_BROKERS ?? 'ClickHouse, without a broker' }, 'relaying');

const stopping = new AbortController();
const stop = () => {
  stopping.abort();
  // A broker that does not answer must not hold the shutdown up: what it did not acknowledge stays in the outbox.
  setTimeout(() => process.exit(0), 5_000).unref();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

await runRelay(postgresUrl(settings), publisher, log, stopping.signal);
await publisher.close();
process.exit(0);
