import { addProcessMetrics } from '@tillstream/schemas/http/process-metrics';
import { Gauge, Histogram, Registry } from 'prom-client';
import type { Live } from './live/live.ts';

export const registry = new Registry();
addProcessMetrics(registry);

const requests = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the request to the head of its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  registers: [registry],
});

/** The methods that routes know: a label must not grow with what strangers send. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE']);

/** Notes how long a request took. `route` is the route's id, never a path: addresses may name customers. */
export const observeRequest = (method: string, route: string | null, status: number, seconds: number): void => {
  requests.observe({ method: METHODS.has(method) ? method : 'other', route: route ?? 'none', status }, seconds);
};

/** Shows whenever somebody looks how many pages are open. */
export const watchViewers = (live: Pick<Live, 'viewers'>): void => {
  new Gauge({
    name: 'dashboard_viewers',
    help: 'Open live streams',
    registers: [registry],
    collect() {
      this.set(live.viewers());
    },
  });
};
