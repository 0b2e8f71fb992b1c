import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { z } from 'zod';
import type { TestDatabase } from '../../tests/support/database.ts';
import { openApiDocument } from '../src/api/docs/openapi.ts';
import { answerBrokenRequest } from '../src/api/http/broken-request.ts';
import { createExpressServer } from '../src/api/http/fast-express.ts';
import type { KeyRing } from '../src/api/keys/key-ring.ts';
import { type ApiParts, buildApi } from '../src/api/server.ts';
import { CommitQueue } from '../src/commit/queue.ts';
import { recordPurchases } from '../src/record-purchases.ts';

/** An API on a free port, as main.ts makes it. */
export interface TestApi {
  url: string;
  server: Server;
  /** What it logged as errors. */
  errors: unknown[];
  close: () => void;
}

/** Starts an API on a database; `keys` absent: keys are off. */
export const startApi = async (
  pool: TestDatabase['pool'],
  replaced: Partial<ApiParts> & { keys?: KeyRing } = {},
): Promise<TestApi> => {
  const limits = { batch: 128, eager: 16, inFlight: 2, waiting: 4096, patienceMs: 20_000 };
  const errors: unknown[] = [];
  const app = buildApi({
    queue: new CommitQueue((batch) => recordPurchases(pool, batch), limits),
    db: pool,
    ratePerSecond: 100_000,
    isStopping: () => false,
    logError: (error) => errors.push(error),
    logRequest: () => undefined,
    logWarning: () => undefined,
    ...replaced,
  });
  const server = createExpressServer(app, {
    headersTimeout: 500,
    requestTimeout: 1000,
    connectionsCheckingInterval: 50,
  });
  server.on('clientError', answerBrokenRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    errors,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const described = z.object({ description: z.string(), content: z.record(z.string(), z.unknown()) });
const documentShape = z.object({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ operationId: z.string(), responses: z.record(z.string(), described) })),
  ),
});
const document = openApiDocument(true);
const { paths } = documentShape.parse(document);
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, 'openapi');

/** Fails when an answer is not one that the OpenAPI document describes for this method and path. */
const expectDescribed = async (method: string, path: string, response: Response): Promise<void> => {
  const [template, operations] =
    Object.entries(paths).find(([candidate]) =>
      new RegExp(`^${candidate.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0] ?? ''),
    ) ?? [];
  const operation = operations?.[method.toLowerCase()];
  if (template === undefined || operation === undefined) {
    expect([404, 405], `${method} ${path} is not described`).toContain(response.status);
    return;
  }
  expect(Object.keys(operation.responses), `${method} ${path}`).toContain(String(response.status));
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  expect(Object.keys(operation.responses[response.status]?.content ?? {})).toEqual([type]);
  const escaped = [template, method.toLowerCase(), 'responses', String(response.status), 'content', type, 'schema']
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.getSchema(`openapi#/paths/${escaped}`);
  if (!validate) throw new Error(`no schema for ${method} ${template} ${response.status}`);
  validate(await response.json());
  expect(validate.errors ?? [], `${method} ${path} ${response.status}`).toEqual([]);
};

/** `fetch` to an API whose every answer must be one that the OpenAPI document describes. */
export const checkedFetch =
  (api: () => TestApi) =>
  async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(api().url + path, init);
    await expectDescribed(init.method ?? 'GET', path, response.clone());
    expect(response.headers.get('x-request-id')).toMatch(/^[\w.:-]{1,128}$/);
    return response;
  };

/** A request with a JSON body, and with an idempotency key of its own. */
export const json = (body: unknown, headers: Record<string, string> = {}, method = 'POST'): RequestInit => ({
  method,
  headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID(), ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
