import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import type { Tracing } from '../../tracing.ts';
import type { OutboxEvent, Publisher } from './publisher.ts';

/** How an event begins whose request was traced: see `traced` in `sql/01-documents.sql`. */
const TRACED = /^\{"traceparent":"([0-9a-f-]{55})"/;

/**
 * Publishes with a span for each event whose request was traced, and passes the trace on in the message's header
 * `traceparent`; other events go as they are.
 */
export const tracedPublisher = (publisher: Publisher, tracing: Tracing): Publisher => {
  const traced = (event: OutboxEvent) => {
    const parent = TRACED.exec(event.payload)?.[1];
    if (parent === undefined) return { event };
    const span = tracing.start(`send ${PURCHASES_TOPIC}`, 'producer', parent);
    const headers = span.traceparent === undefined ? {} : { headers: { traceparent: span.traceparent } };
    return { span, event: { ...event, ...headers } };
  };
  return {
    publish: async (events) => {
      const sends = events.map(traced);
      const end = (failed: boolean) => {
        const attributes = {
          'messaging.destination.name': PURCHASES_TOPIC,
          'messaging.batch.message_count': events.length,
        };
        for (const { span } of sends) span?.end({ attributes, failed });
      };
      try {
        await publisher.publish(sends.map(({ event }) => event));
      } catch (error) {
        end(true);
        throw error;
      }
      end(false);
    },
    close: () => publisher.close(),
  };
};
