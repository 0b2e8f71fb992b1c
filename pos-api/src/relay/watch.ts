import type { OutboxEvent } from './publishers/publisher.ts';

/** What happens in a relay, for metrics and health. */
export interface RelayWatch {
  /** It listens to Postgres, or no longer does. */
  connected(connected: boolean): void;
  /** Events were acknowledged: how long each waited since it was written, and how long the send took, in seconds. */
  sent(waitedSeconds: readonly number[], sendSeconds: number): void;
  /** Events were refused for good and set aside. */
  setAside(events: readonly OutboxEvent[]): void;
  /** What was in hand went back to the outbox, to be tried again. */
  failed(): void;
}

export const unwatched: RelayWatch = {
  connected: () => undefined,
  sent: () => undefined,
  setAside: () => undefined,
  failed: () => undefined,
};
