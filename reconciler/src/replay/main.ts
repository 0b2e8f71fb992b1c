/** `npm run replay`: ClickHouse reads again all that the broker keeps of the topic. */
import { connectClickHouse } from '@tillstream/clickhouse/client';
import { kafkaOf } from '@tillstream/schemas/kafka/kafka';
import { clickhouseUrl, locationSettings, orExit, settingsOrExit } from '@tillstream/schemas/settings';
import { replay } from './replay.ts';

if (process.argv.length > 2) {
  console.error('usage: npm run replay   (all that the broker keeps; it takes no options)');
  process.exit(1);
}
const settings = settingsOrExit(locationSettings);
const kafka = orExit(() => kafkaOf(settings));
if (kafka === undefined) {
  console.error('KAFKA_BROKERS: must be set: it is the broker whose topic is read again');
  process.exit(1);
}
const stopping = new AbortController();
// Not `once`: a second Ctrl-C must not end the process before the queue is attached again.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
const clickhouse = connectClickHouse(clickhouseUrl(settings), 'replay');
try {
  const messages = await replay(kafka, clickhouse, stopping.signal);
  console.log(`ClickHouse reads ${new Intl.NumberFormat('en-US').format(messages)} messages again.`);
} catch (error) {
  if (stopping.signal.aborted) {
    console.error('The replay was stopped; ClickHouse reads on from where it stood.');
    process.exitCode = 130;
  } else {
    console.error(`The replay failed: ${error instanceof Error && error.message ? error.message : 'a store is away'}`);
    process.exitCode = 1;
  }
} finally {
  await clickhouse.close();
}
