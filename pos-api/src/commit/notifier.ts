/** What can run a statement: a pool. */
interface Statements {
  query(statement: { name: string; text: string }): Promise<unknown>;
}

/**
 * Wakes the relays after a commit, in a transaction of its own: a NOTIFY in the transaction that records purchases would
 * let only one of them commit at a time (decision 25). One notification is under way at a time, and one more follows it
 * for all that was committed meanwhile. A notification that is lost costs latency only: the relays poll as well.
 */
export class OutboxNotifier {
  readonly #db: Statements;
  #wanted = false;
  #running: Promise<void> | undefined;

  constructor(db: Statements) {
    this.#db = db;
  }

  /** There are new rows in the outbox, and they are committed. Does not wait and does not throw. */
  notify(): void {
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  /** Resolves when the last notification has gone out, or failed. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      await this.#db.query({ name: 'notify_outbox', text: "select pg_notify('outbox', '')" }).catch(() => undefined);
    }
    this.#running = undefined;
  }
}
