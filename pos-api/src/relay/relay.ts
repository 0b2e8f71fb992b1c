import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import type { OutboxEvent, Publisher } from './publisher.ts';

const CLAIM = readFileSync(new URL('claim.sql', import.meta.url), 'utf8');
/** One row goes at once; a backlog goes in sends of this many. */
const CLAIM_LIMIT = 4000;
/** How long a row may lie there when its notification was lost. */
const POLL_MS = 500;
const FIRST_RETRY_MS = 100;
const SLOWEST_RETRY_MS = 2_000;

const outboxRows = z.array(z.object({ id: z.string(), key: z.string(), payload: z.string() }));

export interface RelayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Moves events from the outbox to the publisher until the signal aborts: at least once, deleted only after they
 * were acknowledged. Any number of relays may run. A broker or Postgres that is away is waited for.
 */
export const runRelay = async (
  postgresUrl: string,
  publisher: Publisher,
  log: RelayLog,
  signal: AbortSignal,
): Promise<void> => {
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      await relayOverOneConnection(postgresUrl, publisher, signal, () => {
        retryMs = FIRST_RETRY_MS;
      });
    } catch (error) {
      log.warn({ err: error, retryMs }, 'cannot relay; the events wait in the outbox');
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
      retryMs = Math.min(retryMs * 2, SLOWEST_RETRY_MS);
    }
  }
};

const relayOverOneConnection = async (
  postgresUrl: string,
  publisher: Publisher,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<void> => {
  const client = new pg.Client({
    connectionString: postgresUrl,
    application_name: 'relay',
    connectionTimeoutMillis: 2_000,
    keepAlive: true,
  });
  const waker = new Waker();
  const wake = () => waker.wake();
  client.on('notification', wake);
  // A connection that breaks while idle wakes the loop, whose next query then throws.
  client.on('error', wake);
  signal.addEventListener('abort', wake, { once: true });
  try {
    await client.connect();
    await client.query('listen outbox');
    while (!signal.aborted) {
      const moved = await moveOnce(client, publisher);
      onProgress();
      if (moved === 0) await waker.sleep(POLL_MS);
    }
  } finally {
    signal.removeEventListener('abort', wake);
    await client.end().catch(() => undefined);
  }
};

/** Claims, publishes and deletes one batch. Answers how many events it moved; throws when they stay where they are. */
const moveOnce = async (client: pg.Client, publisher: Publisher): Promise<number> => {
  await client.query('begin');
  const { rows } = await client.query({ name: 'claim', text: CLAIM, values: [CLAIM_LIMIT] });
  const events: OutboxEvent[] = outboxRows.parse(rows);
  if (events.length > 0) {
    try {
      await publisher.publish(events);
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
  }
  await client.query('commit');
  return events.length;
};

/** A sleep that a notification ends; one that came before the sleep is not lost. */
class Waker {
  #awake = false;
  #ring: (() => void) | undefined;

  wake(): void {
    this.#awake = true;
    this.#ring?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#awake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#awake = false;
    this.#ring = undefined;
  }
}
