import { createRequire } from 'node:module';
import { Kafka } from 'kafkajs';

/** What this needs of kafkajs's queue of requests, one a connection. */
interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

// kafkajs 2.2.4 looks every millisecond whether a request waits, for as long as it is connected: 2 to 3 % of a core
// (https://github.com/tulios/kafkajs/issues/1704). A request that has to wait asks for a look itself, and each answer looks, too.
const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
const schedule = prototype.scheduleCheckPendingRequests;
prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
};

/** kafkajs's client, which costs nothing while it has nothing to do. */
export { Kafka };
