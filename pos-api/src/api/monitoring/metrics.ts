import { addProcessMetrics } from '@tillstream/schemas/http/process-metrics';
import type { Request, RequestHandler } from 'express';
import type pg from 'pg';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CommitQueue } from '../../commit/queue.ts';

export const registry = new Registry();
addProcessMetrics(registry);

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5];

const requests = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the request to its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: SECONDS,
  registers: [registry],
});

/** Purchases per transaction: how much the group commit groups. */
export const groupCommitSize = new Histogram({
  name: 'group_commit_size',
  help: 'Purchases that shared a transaction',
  buckets: [1, 2, 4, 8, 16, 32, 64, 128],
  registers: [registry],
});

/** How long Postgres takes for one group, fsync included. */
export const groupCommitDuration = new Histogram({
  name: 'group_commit_duration_seconds',
  help: 'Time of the call that records a group of purchases',
  buckets: SECONDS,
  registers: [registry],
});

/** What became of purchases that were well-formed: recorded, replayed, refused, conflict. */
export const purchaseOutcomes = new Counter({
  name: 'purchases_total',
  help: 'Purchases by outcome',
  labelNames: ['outcome'],
  registers: [registry],
});

/** What became of returns that were well-formed: recorded, replayed, refused, conflict, voided. */
export const returnOutcomes = new Counter({
  name: 'returns_total',
  help: 'Returns by outcome',
  labelNames: ['outcome'],
  registers: [registry],
});

/** Sales that were more than a year old when they came: a till's clock may have died. */
export const purchasesOfLongAgo = new Counter({
  name: 'purchases_of_long_ago_total',
  help: 'Purchases recorded that were sold more than a year before',
  registers: [registry],
});

/** Shows how full the queue and the pools are whenever somebody looks. */
export const watchLoad = (queue: CommitQueue, pools: Record<string, pg.Pool>): void => {
  new Gauge({
    name: 'purchase_queue',
    help: 'Purchases that wait for a transaction',
    registers: [registry],
    collect() {
      this.set(queue.waiting);
    },
  });
  new Gauge({
    name: 'group_commits_in_flight',
    help: 'Transactions that are under way',
    registers: [registry],
    collect() {
      this.set(queue.inFlight);
    },
  });
  new Gauge({
    name: 'postgres_connections',
    help: 'Connections of each pool by state; waiting are requests without one',
    labelNames: ['pool', 'state'],
    registers: [registry],
    collect() {
      for (const [name, pool] of Object.entries(pools)) {
        this.set({ pool: name, state: 'busy' }, pool.totalCount - pool.idleCount);
        this.set({ pool: name, state: 'idle' }, pool.idleCount);
        this.set({ pool: name, state: 'waiting' }, pool.waitingCount);
      }
    },
  });
};

/** The template of a request's path, never the path, which would hold ids; `none` when nothing is there. */
export const routeOf = (request: Request): string => {
  const route: unknown = request.route?.path;
  return typeof route === 'string' ? route : 'none';
};

/** A request that has been answered. */
export interface Answered {
  method: string;
  /** See {@link routeOf}. */
  route: string;
  status: number;
  milliseconds: number;
}

/** Measures each request by its route, and tells of it when it has been answered. */
export const observeRequests =
  (tell: (answered: Answered, response: Parameters<RequestHandler>[1]) => void): RequestHandler =>
  (request, response, next) => {
    const began = performance.now();
    response.once('finish', () => {
      const answered = {
        method: request.method,
        route: routeOf(request),
        status: response.statusCode,
        milliseconds: performance.now() - began,
      };
      const { method, status } = answered;
      requests.observe({ method, route: answered.route, status }, answered.milliseconds / 1000);
      tell(answered, response);
    });
    next();
  };
