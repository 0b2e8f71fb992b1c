import { createServer, type Server } from 'node:http';
import type { RelayMetrics } from './metrics.ts';

/**
 * `/healthz` (alive), `/readyz` (200 while it listens to Postgres and its last send was taken) and `/metrics`.
 * Not listening yet.
 */
export const relayHttp = ({ registry, state }: RelayMetrics): Server =>
  createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, async (request, response) => {
    const answer = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'Content-Type': type }).end(body);
    const { pathname } = new URL(request.url ?? '/', 'http://relay');
    if (pathname === '/healthz') {
      answer(200, 'application/json', JSON.stringify({ status: 'ok' }));
    } else if (pathname === '/readyz') {
      const { connected, sending } = state();
      const ready = connected && sending;
      answer(
        ready ? 200 : 503,
        'application/json',
        JSON.stringify({ status: ready ? 'ok' : 'unavailable', postgres: connected, publisher: sending }),
      );
    } else if (pathname === '/metrics') {
      answer(200, registry.contentType, await registry.metrics());
    } else {
      answer(404, 'application/json', JSON.stringify({ status: 'not found' }));
    }
  });
