import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveHealth } from './health-server.ts';

let server: Server;
let port: number;
let ready = true;
let metrics: () => Promise<string> = async () => 'up 1\n';
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  server = serveHealth({
    port: 0,
    host: '127.0.0.1',
    setting: 'X_PORT',
    metrics: { contentType: 'text/plain', metrics: () => metrics() },
    readiness: () => ({ ready, postgres: ready }),
  });
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  server.close();
});

/** The status of a request whose head is written as it is. */
const status = async (line: string, ...headers: string[]): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.end([line, ...(headers.length ? headers : ['Host: localhost']), 'Connection: close', '', ''].join('\r\n'));
  const text = Buffer.concat(await socket.toArray()).toString();
  return text.split(' ')[1] ?? '';
};
const get = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
};

test('tells health, readiness and metrics', async () => {
  expect(await get('/healthz')).toEqual({ status: 200, text: '{"status":"ok"}' });
  expect(await get('/readyz?a=b')).toEqual({ status: 200, text: '{"status":"ok","postgres":true}' });
  ready = false;
  expect(await get('/readyz')).toEqual({ status: 503, text: '{"status":"unavailable","postgres":false}' });
  expect(await get('/metrics')).toEqual({ status: 200, text: 'up 1\n' });
  expect((await get('/else')).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'HEAD' })).status).toBe(200);
});

test.each(['GET //', 'GET ///', 'GET http://', 'GET /%', 'GET *', 'OPTIONS *', 'POST //', 'GET //[', 'HEAD //:'])(
  '%s ends nothing',
  async (line) => {
    expect(await status(`${line} HTTP/1.1`)).toMatch(/^40[045]$/);
    expect((await get('/healthz')).status).toBe(200);
    expect(unhandled).toEqual([]);
  },
);

test('metrics that fail are a 500', async () => {
  metrics = () => Promise.reject(new Error('a store is away'));
  expect((await get('/metrics')).status).toBe(500);
  metrics = () => {
    throw new Error('at once');
  };
  expect((await get('/metrics')).status).toBe(500);
  expect(unhandled).toEqual([]);
});

test('a web page elsewhere is refused', async () => {
  expect(await status('GET /metrics HTTP/1.1', 'Host: evil.example')).toBe('403');
  expect(await status('GET /metrics HTTP/1.1', 'Host: localhost', 'Sec-Fetch-Site: cross-site')).toBe('403');
  expect(await status('GET /healthz HTTP/1.1', `Host: localhost:${port}`)).toBe('200');
});
