import { EventsRefused, type OutboxEvent, type Publisher } from './publishers/publisher.ts';

/** An event that the receiver will never take, and why. */
export interface Refused {
  event: OutboxEvent;
  reason: string;
}

/**
 * Publishes events; those that are refused for what they are do not hold up the rest. A refused send is halved until
 * the culprits are alone: a receiver says that something was wrong, not which event. Some events go more than once.
 *
 * @returns the events that were refused; all others were acknowledged
 * @throws when nothing is known of them, because the receiver is away or does not take anything now
 */
export const deliver = async (publisher: Publisher, events: readonly OutboxEvent[]): Promise<Refused[]> => {
  try {
    await publisher.publish(events);
    return [];
  } catch (error) {
    if (!(error instanceof EventsRefused)) throw error;
    const [first] = events;
    if (first && events.length === 1) return [{ event: first, reason: error.message }];
    const half = Math.ceil(events.length / 2);
    const before = await deliver(publisher, events.slice(0, half));
    return [...before, ...(await deliver(publisher, events.slice(half)))];
  }
};
