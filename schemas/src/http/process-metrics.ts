import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Gauges whose names end as a counter's do, which Prometheus's own checker refuses; the same by type stays. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Adds what every part tells of its process: processor time, memory, garbage collection, the event loop. */
export const addProcessMetrics = (registry: Registry): void => {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
};
