import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { foreignRequest } from './foreign-request.ts';
import { isLoopback } from './loopback.ts';

/** What a part tells about itself. */
export interface HealthServerOptions {
  port: number;
  host: string;
  /** The setting of the port, named when the port is taken. */
  setting: string;
  /** Prometheus's registry, or what looks like one. */
  metrics: { contentType: string; metrics(): Promise<string> };
  /** What `/readyz` tells; 503 unless `ready`. Absent: there is no such path. */
  readiness?: () => { ready: boolean; [detail: string]: unknown };
}

/**
 * Serves `/healthz` (alive), `/readyz` and `/metrics` of a part. Nothing that is asked can throw through it: a fault is a
 * 500. A port that is taken is one line on stderr and exit 1.
 */
export const serveHealth = (options: HealthServerOptions): Server => {
  const { port, host, setting } = options;
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    answer(request, options)
      .catch((): Answer => ({ status: 500, body: { status: 'error' } }))
      .then((answered) => send(response, request.method, answered));
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE';
    console.error(taken ? `port ${port} is taken: set ${setting} to another` : `${setting}=${port}: ${error.message}`);
    process.exit(1);
  });
  return server.listen(port, host);
};

interface Answer {
  status: number;
  type?: string;
  body: string | Record<string, unknown>;
}

const answer = async (request: IncomingMessage, { host, metrics, readiness }: HealthServerOptions): Promise<Answer> => {
  const reason = foreignRequest(request, { anyHost: !isLoopback(host) });
  if (reason !== undefined) return { status: 403, body: { status: reason } };
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: { status: 'only GET' } };
  // No URL is parsed: `//` and the like are none.
  switch (request.url?.split('?')[0]) {
    case '/healthz':
      return { status: 200, body: { status: 'ok' } };
    case '/metrics':
      return { status: 200, type: metrics.contentType, body: await metrics.metrics() };
    case '/readyz': {
      if (readiness === undefined) break;
      const { ready, ...details } = readiness();
      return { status: ready ? 200 : 503, body: { status: ready ? 'ok' : 'unavailable', ...details } };
    }
  }
  return { status: 404, body: { status: 'not found' } };
};

const send = (response: ServerResponse, method: string | undefined, { status, type, body }: Answer): void => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': type ?? 'application/json' });
  response.end(method === 'HEAD' ? undefined : text);
};
