import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jsonBody, requireJson } from '@tillstream/pos-api/api/http/body';
import { canonicalJson } from '@tillstream/pos-api/api/http/canonical-json';
import { createExpressServer } from '@tillstream/pos-api/api/http/fast-express';
import { limitRate } from '@tillstream/pos-api/api/http/limits';
import { giveRequestId } from '@tillstream/pos-api/api/http/request-id';
import { identify, requireScope } from '@tillstream/pos-api/api/keys/caller';
import { KeyRing } from '@tillstream/pos-api/api/keys/key-ring';
import { observeRequests } from '@tillstream/pos-api/api/monitoring/metrics';
import { recordPurchase } from '@tillstream/pos-api/api/purchases';
import { CommitQueue } from '@tillstream/pos-api/commit/queue';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { type PurchaseInput, recordPurchases } from '@tillstream/pos-api/record-purchases';
import express, { type RequestHandler } from 'express';
import helmet from 'helmet';
import { pino } from 'pino';
import { LAYERS, type Layer } from './layers.ts';

/**
 * A server that records purchases with only some of the API's layers, as the arguments name them: a process of its own, so
 * that what it uses of the CPU can be told. Without Express nothing of it is there at all.
 */
const layers = new Set(LAYERS.filter((layer) => process.argv.includes(layer)));
const has = (layer: Layer) => layers.has(layer);
const pool = connectPostgres(process.env.POSTGRES_URL ?? '', 'layers', 2);
const queue = new CommitQueue((batch) => recordPurchases(pool, batch, { withNotify: false }), {
  batch: 128,
  eager: 16,
  inFlight: 2,
  waiting: 4096,
  patienceMs: 5_000,
});

/** What has to be done in any case: fingerprint, group commit, answer. The body is believed. */
const record = async (body: PurchaseBody, key: string, response: ServerResponse): Promise<void> => {
  const answer = await queue.submit({
    idempotency_key: key,
    credential: 'bench',
    fingerprint: createHash('sha256').update(canonicalJson(body)).digest('hex'),
    branch_id: body.branch_id,
    customer_id: body.customer_id ?? null,
    sold_at: null,
    items: body.items.map(({ product_id }) => product_id),
  } satisfies PurchaseInput);
  if (answer.outcome !== 'recorded') throw new Error(answer.outcome);
  response.statusCode = 201;
  response.setHeader('Location', `/v1/purchases/${answer.purchase_id}`);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(answer.body));
  response.end(answer.body);
};
interface PurchaseBody {
  branch_id: string;
  customer_id?: string;
  items: { product_id: string }[];
}

const bareServer = (): Server =>
  createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: PurchaseBody = JSON.parse(Buffer.concat(chunks).toString());
      void record(body, String(request.headers['idempotency-key']), response);
    });
  });

const expressServer = (): Server => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  const log = pino({}, pino.destination({ dest: '/dev/null', sync: false, minLength: 4096 }));
  const tell = has('logs') ? (answered: object) => log.info(answered, 'answered') : () => undefined;
  if (has('helmet')) app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.use(giveRequestId);
  if (has('metrics')) app.use(observeRequests(tell));
  const chain: RequestHandler[] = [];
  if (has('keys')) {
    const ring = new KeyRing(pool);
    ring.start();
    chain.push(identify(ring), requireScope(['post']));
  }
  if (has('limits')) chain.push(limitRate(1_000_000));
  const plain: RequestHandler = (request, response) =>
    record(request.body, String(request.headers['idempotency-key']), response);
  chain.push(jsonBody);
  if (has('zod')) chain.push(requireJson);
  app.post('/v1/purchases', ...chain, has('zod') ? recordPurchase(queue, () => undefined) : plain);
  return has('prototypes') ? createExpressServer(app, {}) : createServer(app);
};

const server = has('express') ? expressServer() : bareServer();
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => process.exit(0));
