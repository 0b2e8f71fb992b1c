import { addProcessMetrics } from '@tillstream/schemas/http/process-metrics';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Backlog } from './outbox/backlog.ts';
import type { RelayWatch } from './watch.ts';

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600];

/** What `/metrics` says, and whether the relay can do its work. */
export interface RelayMetrics {
  registry: Registry;
  watch: RelayWatch;
  /** Whether it listens to Postgres and what it sent last was taken. */
  state: () => { connected: boolean; sending: boolean };
}

/**
 * Counts what a relay does. The gauges of the outbox and of the dead letters are of all relays together: they are read
 * from Postgres at each scrape, and NaN while it does not answer.
 */
export const relayMetrics = (readBacklog: () => Promise<Backlog>): RelayMetrics => {
  const registry = new Registry();
  addProcessMetrics(registry);
  const registers = [registry];
  const sent = new Counter({ name: 'relay_sent_total', help: 'Events that were acknowledged', registers });
  const retries = new Counter({
    name: 'relay_retries_total',
    help: 'Batches that went back to be tried again',
    registers,
  });
  const refused = new Counter({ name: 'relay_dead_letters_total', help: 'Events that were set aside', registers });
  const sendSeconds = new Histogram({
    name: 'relay_send_seconds',
    help: 'Time of a send, until all in-sync replicas had it',
    buckets: SECONDS,
    registers,
  });
  const waitSeconds = new Histogram({
    name: 'relay_wait_seconds',
    help: 'Time of an event from its row in the outbox to its acknowledgement',
    buckets: SECONDS,
    registers,
  });

  // One scrape asks all gauges at once: they share one look at Postgres.
  let looking: Promise<Backlog | undefined> | undefined;
  const look = (): Promise<Backlog | undefined> => {
    looking ??= readBacklog()
      .catch(() => undefined)
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };
  const ofBacklog = (name: string, help: string, value: keyof Backlog) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set((await look())?.[value] ?? Number.NaN);
      },
    });
  ofBacklog('outbox_waiting', 'Events that wait in the outbox; no more than a million are counted', 'waiting');
  ofBacklog('outbox_oldest_age_seconds', 'How long the oldest has waited', 'oldest_age_seconds');
  ofBacklog('dead_letters', 'Events that are set aside now', 'dead_letters');

  const state = { connected: false, sending: true };
  return {
    registry,
    state: () => state,
    watch: {
      connected: (connected) => {
        state.connected = connected;
      },
      sent: (waitedSeconds, seconds) => {
        state.sending = true;
        sent.inc(waitedSeconds.length);
        sendSeconds.observe(seconds);
        for (const waited of waitedSeconds) waitSeconds.observe(waited);
      },
      setAside: (events) => refused.inc(events.length),
      failed: () => {
        state.sending = false;
        retries.inc();
      },
    },
  };
};
