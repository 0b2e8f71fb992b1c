import { timingSafeEqual } from 'node:crypto';
import { hashKey, isExpired, keyIdOf } from '@tillstream/schemas/credentials/api-keys';
import { type ApiKey, noteUse, type ValidKey, validKeys } from '../../keys/api-keys.ts';
import type { Database } from '../../postgres/database.ts';

/** How long a revoked key may go on, and so how often Postgres is asked: once for all requests. */
const REFRESH_MS = 2_000;
/** A key that is not known may have been made just now: Postgres is asked at once, but no more often than this. */
const SOONEST_MS = 250;
const NOTE_USE_MS = 30_000;

/** The valid keys in memory, so that no request waits for Postgres to be let in. */
export class KeyRing {
  readonly #db: Database;
  #keys = new Map<string, ValidKey>();
  #refreshedAt = 0;
  #refreshing: Promise<void> | undefined;
  #used = new Map<string, number>();
  #notedAt = Date.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Keeps the ring fresh until {@link stop}. While Postgres is away the keys known last go on. */
  start(): void {
    this.#timer = setInterval(() => {
      this.#refresh().catch(() => undefined);
    }, REFRESH_MS).unref();
  }

  /** Ends the refreshing and notes what was used last. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#noteUse().catch(() => undefined);
  }

  /**
   * Whom a key belongs to; undefined when it is not valid.
   *
   * @throws when the key is not known and Postgres cannot be asked
   */
  async find(key: string): Promise<ApiKey | undefined> {
    const id = keyIdOf(key);
    if (id === undefined) return undefined;
    if (!this.#keys.has(id)) await this.#refresh();
    const known = this.#keys.get(id);
    if (known === undefined || isExpired(known, Date.now())) return undefined;
    if (!timingSafeEqual(known.secret_hash, hashKey(key))) return undefined;
    this.#used.set(id, Date.now());
    return known;
  }

  /** One question at a time, shared by all who wait for its answer. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #ask(): Promise<void> {
    const wait = this.#refreshedAt + SOONEST_MS - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const keys = await validKeys(this.#db);
    this.#keys = new Map(keys.map((key) => [key.key_id, key]));
    this.#refreshedAt = Date.now();
    if (this.#used.size > 0 && Date.now() - this.#notedAt > NOTE_USE_MS) await this.#noteUse();
  }

  async #noteUse(): Promise<void> {
    if (this.#used.size === 0) return;
    const used = this.#used;
    this.#used = new Map();
    this.#notedAt = Date.now();
    await noteUse(this.#db, used);
  }
}
