import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export const registry = new Registry();
collectDefaultMetrics({ register: registry });

const requests = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the request to its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  registers: [registry],
});

/** Purchases per transaction: how much the group commit groups. */
export const groupCommitSize = new Histogram({
  name: 'group_commit_size',
  help: 'Purchases that shared a transaction',
  buckets: [1, 2, 4, 8, 16, 32, 64, 128],
  registers: [registry],
});

/** Measures each request by its route, never by its path, which would hold ids. */
export const measureRequests: RequestHandler = (request, response, next) => {
  const stop = requests.startTimer();
  response.once('finish', () => {
    const route = request.route ? `${request.baseUrl}${request.route.path}` : 'none';
    stop({ method: request.method, route, status: response.statusCode });
  });
  next();
};
