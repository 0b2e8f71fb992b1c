import pg from 'pg';
import { KEEP_ALIVE_AFTER_MS } from '../../postgres/database.ts';
import type { RelayLog } from '../relay-log.ts';

/** Some 25 MB of the table: what it may grow by while nobody clears it up. */
const ROWS_PER_VACUUM = 20_000;
/** From this size on the file is made shorter as well. That waits for a moment without any traffic, up to some seconds. */
const SHORTEN_FROM_BYTES = 100_000_000;
/** A vacuum takes no more than a fifth of the time. */
const REST_SHARE = 4;

/**
 * Vacuums the outbox after every so many deleted rows. Autovacuum looks at a table once a minute: a busy minute leaves a
 * table of gigabytes. Relays that vacuum at once do not wait for each other.
 */
export class Housekeeper {
  readonly #postgresUrl: string;
  readonly #log: RelayLog;
  #deleted = 0;
  #notBefore = 0;
  #running: Promise<void> | undefined;

  constructor(postgresUrl: string, log: RelayLog) {
    this.#postgresUrl = postgresUrl;
    this.#log = log;
  }

  /** Counts rows that are deleted for good, and begins a vacuum when it is time. */
  deleted(rows: number): void {
    this.#deleted += rows;
    if (this.#deleted < ROWS_PER_VACUUM || this.#running || performance.now() < this.#notBefore) return;
    this.#deleted = 0;
    this.#running = this.#vacuum().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when no vacuum is running. */
  async finish(): Promise<void> {
    await this.#running;
  }

  async #vacuum(): Promise<void> {
    const began = performance.now();
    const client = new pg.Client({
      connectionString: this.#postgresUrl,
      application_name: 'relay-vacuum',
      connectionTimeoutMillis: 2_000,
      statement_timeout: 30_000,
      query_timeout: 35_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query("select pg_relation_size('outbox') >= $1 as large", [SHORTEN_FROM_BYTES]);
      await client.query(`vacuum (skip_locked, truncate ${rows[0]?.large === true}) outbox`);
    } catch (error) {
      // Autovacuum is still there; the next batch of rows tries again.
      this.#log.warn({ err: error }, 'cannot vacuum the outbox');
    } finally {
      await client.end().catch(() => undefined);
      const ended = performance.now();
      this.#notBefore = ended + (ended - began) * REST_SHARE;
    }
  }
}
