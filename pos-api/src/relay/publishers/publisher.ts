/** An event on its way from the outbox. */
export interface OutboxEvent {
  /** Number of the row in the outbox, as text (64 bits). */
  id: string;
  key: string;
  payload: string;
  /** Of the message, beside its payload. */
  headers?: Record<string, string>;
}

/** Where the relay sends to. The one thing that knows a broker. */
export interface Publisher {
  /**
   * Resolves when all in-sync replicas have every event; throws when it cannot say so. Sending again is harmless.
   *
   * @throws {@link EventsRefused} when one or more of these events are the cause; any other error is about the way there
   */
  publish(events: readonly OutboxEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** The receiver does not take these events as they are, however often they are sent. Its message is the reason. */
export class EventsRefused extends Error {}
