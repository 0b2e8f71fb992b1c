/** An event on its way from the outbox. */
export interface OutboxEvent {
  /** Number of the row in the outbox, as text (64 bits). */
  id: string;
  key: string;
  payload: string;
}

/** Where the relay sends to. The one thing that knows a broker. */
export interface Publisher {
  /** Resolves when all in-sync replicas have every event; throws when it cannot say so. Sending again is harmless. */
  publish(events: readonly OutboxEvent[]): Promise<void>;
  close(): Promise<void>;
}
