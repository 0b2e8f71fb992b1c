import type { Server } from 'node:http';
import { serveHealth } from '@tillstream/schemas/http/health-server';
import { addProcessMetrics } from '@tillstream/schemas/http/process-metrics';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { KINDS } from '../compare/difference.ts';
import { SUBJECT_NAMES } from '../facts/facts.ts';
import type { Result } from '../passes/summary.ts';
import type { TopicProgress } from '../pipeline/kafka.ts';

const registry = new Registry();
const registers = [registry];

let isFailing = false;
let lastSuccessMs: number | undefined;

const lastSuccess = new Gauge({
  name: 'reconciler_last_success_timestamp_seconds',
  help: 'When Postgres and ClickHouse were last compared',
  registers,
});
const inFlight = new Gauge({
  name: 'reconciler_in_flight',
  help: 'Events on their way from Postgres to ClickHouse when last compared',
  registers,
});
const failures = new Counter({
  name: 'reconciler_failed_runs_total',
  help: 'Runs that ended in an error, a store being away included',
  registers,
});
const compared = new Counter({
  name: 'reconciler_compared_total',
  help: 'Purchases and customers compared',
  labelNames: ['scope', 'fact'],
  registers,
});
const findings = new Counter({
  name: 'reconciler_findings_total',
  help: 'Differences found: lost, extra, different',
  labelNames: ['subject', 'kind', 'healed'],
  registers,
});
// From the start: of a counter that begins at 1 nobody sees that it has grown.
for (const subject of SUBJECT_NAMES) {
  for (const kind of KINDS) for (const healed of ['true', 'false']) findings.inc({ subject, kind, healed }, 0);
}
const healingStopped = new Gauge({
  name: 'reconciler_healing_stopped',
  help: '1 while nothing is healed because that would take too much away',
  registers,
});
const duration = new Histogram({
  name: 'reconciler_duration_seconds',
  help: 'Time per run and scope, waiting for what is on its way included',
  labelNames: ['scope'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers,
});

const sealedRows = new Counter({
  name: 'sealer_rows_total',
  help: 'Spans of gold that were sealed anew: slots and days of branches, days of milestones',
  labelNames: ['kind'],
  registers,
});
for (const kind of ['slots', 'days', 'milestones']) sealedRows.inc({ kind }, 0);
const sealSeconds = new Counter({ name: 'sealer_seconds_total', help: 'Time that sealing took', registers });
const sealFailures = new Counter({ name: 'sealer_failures_total', help: 'Rounds of sealing that failed', registers });
const provedAt = new Gauge({
  name: 'sealer_proved_timestamp_seconds',
  help: 'When the newest proof of all seals began that has ended; 0 before the first',
  registers,
});
const horizon = new Gauge({
  name: 'sealer_horizon_timestamp_seconds',
  help: 'Every quarter of an hour before this moment is sealed',
  registers,
});

/** Counts what the sealer has sealed anew. */
export const countSealed = (rows: { slots: number; days: number; milestones: number }, tookMs: number): void => {
  sealedRows.inc({ kind: 'slots' }, rows.slots);
  sealedRows.inc({ kind: 'days' }, rows.days);
  sealedRows.inc({ kind: 'milestones' }, rows.milestones);
  sealSeconds.inc(tookMs / 1000);
};

export const countSealFailure = (): void => sealFailures.inc();

/** Notes a proof of all seals before a horizon (ms since 1970). */
export const sealsProved = (beganAt: number, before: number): void => {
  provedAt.set(beganAt / 1000);
  horizon.set(before / 1000);
};

/** Counts a run that ended at this moment. */
export const countRun = (checkedAt: Date, results: readonly Result[]): void => {
  isFailing = false;
  lastSuccessMs = checkedAt.getTime();
  lastSuccess.set(checkedAt.getTime() / 1000);
  healingStopped.set(results.some((result) => result.healingStopped !== '') ? 1 : 0);
  for (const { scope, summary, durationMs, inFlight: moving } of results) {
    if (scope === 'recent') inFlight.set(moving);
    compared.inc({ scope, fact: 'purchase' }, summary.purchases);
    compared.inc({ scope, fact: 'customer' }, summary.customers);
    duration.observe({ scope }, durationMs / 1000);
    for (const { subject, kind, healed } of summary.findings) findings.inc({ subject, kind, healed: String(healed) });
  }
};

/** Counts a run that ended in an error. */
export const countFailure = (): void => {
  isFailing = true;
  failures.inc();
};

/** Whether the last run succeeded and ended less than this many milliseconds ago. */
export const hasComparedWithin = (ms: number): boolean =>
  !isFailing && lastSuccessMs !== undefined && Date.now() - lastSuccessMs < ms;

/**
 * How far the topic is written and read, asked at each scrape. `reconciler_topic_written offset 30s > reconciler_topic_read`
 * is what has waited for ClickHouse for longer than 30 s. While the broker or ClickHouse does not answer both are NaN.
 */
export const watchTopic = (readProgress: () => Promise<TopicProgress>): void => {
  // One scrape asks both gauges at once: they share one answer of the broker.
  let asking: Promise<TopicProgress | undefined> | undefined;
  const ask = (): Promise<TopicProgress | undefined> => {
    asking ??= readProgress()
      .catch(() => undefined)
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const ofProgress = (value: keyof TopicProgress, help: string) =>
    new Gauge({
      name: `reconciler_topic_${value}`,
      help,
      registers,
      async collect() {
        this.set((await ask())?.[value] ?? Number.NaN);
      },
    });
  ofProgress('written', 'Messages that were ever written to the topic, over all partitions');
  ofProgress('read', 'How many of them ClickHouse has committed');
};

/** Serves health, readiness (503 unless the stores are being compared) and metrics. */
export const serveMetrics = (port: number, host: string, isReady: () => boolean): Server => {
  addProcessMetrics(registry);
  const readiness = () => ({ ready: isReady() });
  return serveHealth({ port, host, setting: 'RECONCILER_METRICS_PORT', metrics: registry, readiness });
};
