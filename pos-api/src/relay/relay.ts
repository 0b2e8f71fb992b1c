import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { KEEP_ALIVE_AFTER_MS } from '../postgres/database.ts';
import { Backoff } from './backoff.ts';
import { Housekeeper } from './outbox/housekeeper.ts';
import type { Publisher } from './publishers/publisher.ts';
import type { RelayLog } from './relay-log.ts';
import { runSession } from './session.ts';
import { Waker } from './waker.ts';
import { type RelayWatch, unwatched } from './watch.ts';

/** A relay that is frozen with rows in hand loses its connection after this, and with it the rows to the others. */
const GIVE_BACK_AFTER_MS = 30_000;
/**
 * A statement of the relay takes milliseconds. Where none is answered, as behind a cut cable, TCP would go on trying for a
 * quarter of an hour; the relay connects anew after this.
 */
const ANSWER_MS = 5_000;
/** A Postgres that does not even take a goodbye is left without. */
const GOODBYE_MS = 1_000;

/**
 * Moves events from the outbox to the publisher until the signal aborts: at least once, deleted only after they
 * were acknowledged. Any number of relays may run. A broker or Postgres that is away is waited for; an event that is
 * refused for what it is goes to `dead_letters`.
 */
export const runRelay = async (
  postgresUrl: string,
  publisher: Publisher,
  log: RelayLog,
  signal: AbortSignal,
  watch: RelayWatch = unwatched,
): Promise<void> => {
  const backoff = new Backoff();
  const housekeeper = new Housekeeper(postgresUrl, log);
  while (!signal.aborted) {
    try {
      await relayOverOneSession(postgresUrl, publisher, log, signal, watch, housekeeper, () => backoff.reset());
    } catch (error) {
      const retryMs = backoff.next();
      watch.failed();
      log.warn({ err: error, retryMs: Math.round(retryMs) }, 'cannot relay; the events wait in the outbox');
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  await housekeeper.finish();
};

const relayOverOneSession = async (
  postgresUrl: string,
  publisher: Publisher,
  log: RelayLog,
  signal: AbortSignal,
  watch: RelayWatch,
  housekeeper: Housekeeper,
  onProgress: () => void,
): Promise<void> => {
  const waker = new Waker();
  const wake = () => waker.wake();
  const clients: pg.Client[] = [];
  const connect = async () => {
    const client = new pg.Client({
      connectionString: postgresUrl,
      application_name: 'relay',
      connectionTimeoutMillis: 2_000,
      idle_in_transaction_session_timeout: GIVE_BACK_AFTER_MS,
      statement_timeout: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    });
    clients.push(client);
    client.on('notification', wake);
    // A connection that breaks while idle wakes the loop, whose next query then throws.
    client.on('error', wake);
    await client.connect();
    // One listens for all: it has been told of what the others will claim.
    if (clients.length === 1) await client.query('listen outbox');
    return client;
  };
  signal.addEventListener('abort', wake, { once: true });
  try {
    await runSession(
      {
        connect,
        publisher,
        waker,
        watch: {
          ...watch,
          setAside: (events) => {
            log.warn({ keys: events.map(({ key }) => key) }, 'refused for good; see npm run dead-letters');
            watch.setAside(events);
          },
        },
        onProgress: () => {
          watch.connected(true);
          onProgress();
        },
        onDeleted: (rows) => housekeeper.deleted(rows),
      },
      signal,
    );
  } finally {
    watch.connected(false);
    signal.removeEventListener('abort', wake);
    await Promise.race([
      Promise.allSettled(clients.map((client) => client.end())),
      delay(GOODBYE_MS, undefined, { ref: false }),
    ]);
  }
};
