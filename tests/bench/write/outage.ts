import { setTimeout as delay } from 'node:timers/promises';
import { kafkaIsInstalled } from '@tillstream/embedded/kafka';
import { posApiPart, relayPart } from '@tillstream/embedded/parts';
import { line, milliseconds } from '../statistics.ts';
import { openLoop, othersOf } from './http-load.ts';
import { withWorkshop } from './workshop.ts';

const RATE = 600;
const CONNECTIONS = 64;
const BEFORE_SECONDS = 5;
const AFTER_SECONDS = 20;
/** No more than this many rows wait when all is well at this rate. */
const CURRENT_ROWS = 20;
const LOOK_MS = 20;

/** The broker stops while purchases go on; how long until the outbox is as empty as before, and what the tills saw. */
export const benchOutage = async (awaySeconds: number): Promise<void> => {
  console.log(`The broker away for ${awaySeconds} s at ${RATE} purchases/s`);
  if (!kafkaIsInstalled()) {
    line('outage', 'skipped: no broker, which needs Java 17 and Maven');
    return;
  }
  await withWorkshop({ broker: true }, async ({ addresses, db, start, stop, broker }) => {
    if (!broker) return;
    await start(posApiPart(addresses));
    await start(relayPart(addresses));
    const url = `http://127.0.0.1:${addresses.posApiPort}`;
    const waiting = async (): Promise<number> =>
      (await db.query('select count(*)::int as n from outbox')).rows[0]?.n ?? Number.NaN;
    await openLoop(url, CONNECTIONS, RATE, BEFORE_SECONDS);

    const load = openLoop(url, CONNECTIONS, RATE, awaySeconds + AFTER_SECONDS);
    await stop(broker.name);
    await delay(awaySeconds * 1000);
    const most = await waiting();
    const starting = performance.now();
    await start(broker);
    const answering = performance.now();
    while ((await waiting()) > CURRENT_ROWS) await delay(LOOK_MS);
    const current = performance.now();
    const seen = await load;
    line('rows that waited when the broker was started again', String(most));
    line('from its start until it answers', `${((answering - starting) / 1000).toFixed(1)} s`);
    line('from its first answer until current', `${((current - answering) / 1000).toFixed(1)} s`);
    line('API meanwhile', `${milliseconds(seen.latencies)}${othersOf(seen)}`);
  });
};
