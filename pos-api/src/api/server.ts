import { foreignRequest } from '@tillstream/schemas/http/foreign-request';
import express, { type Express, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import type pg from 'pg';
import type { CommitQueue } from '../commit/queue.ts';
import type { Tracing } from '../tracing.ts';
import * as catalog from './catalog.ts';
import { docsRoutes } from './docs/docs.ts';
import { OPERATIONS, type Operation, type OperationId } from './docs/operations.ts';
import { jsonBody, optionalJsonBody, requireJson } from './http/body.ts';
import { limitRate } from './http/limits.ts';
import { answerProblem, methodNotAllowed, notFound, ProblemError } from './http/problems.ts';
import { giveRequestId } from './http/request-id.ts';
import { identify, requireScope } from './keys/caller.ts';
import type { KeyRing } from './keys/key-ring.ts';
import { getHealth, getReadiness } from './monitoring/health.ts';
import { type Answered, observeRequests, registry } from './monitoring/metrics.ts';
import { traceRequests } from './monitoring/trace.ts';
import * as purchases from './purchases.ts';
import { postReturn } from './returns.ts';
import { findPurchases } from './tills/receipt-lookup.ts';
import { registerTill } from './tills/till-numbers.ts';

export interface ApiParts {
  queue: CommitQueue;
  db: pg.Pool;
  /** Absent: keys are off, and every caller may do everything. */
  keys?: KeyRing;
  /** Requests a second of one key, or of one address without a key. */
  ratePerSecond: number;
  /** How many proxies in front tell the caller's address; absent: none, and `X-Forwarded-For` means nothing. */
  trustedProxies?: number;
  /** Whether it is asked by other names than those of loopback; absent: it is not. */
  anyHost?: boolean;
  /** Absent: nothing is traced. */
  tracing?: Tracing;
  isStopping: () => boolean;
  logError: (error: unknown, response: Response) => void;
  logRequest: (answered: Answered, response: Response) => void;
  logWarning: purchases.LogWarning;
}

/** The POS API as an Express application; listening is the caller's. */
export const buildApi = (parts: ApiParts): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', parts.trustedProxies ?? 0);
  app.use(giveRequestId, ...traceRequests(parts.tracing), observeRequests(parts.logRequest), securityHeaders());
  app.use(refuseForeign(parts.anyHost ?? false));

  const handlers = handlersOf(parts);
  const known = [whileRunning(parts.isStopping), identify(parts.keys), limitRate(parts.ratePerSecond)];
  for (const [id, operation] of Object.entries<Operation>(OPERATIONS)) {
    app[operation.method](
      expressPath(operation),
      ...(operation.scope ? [...known, requireScope([operation.scope].flat())] : []),
      ...(operation.bodyOptional ? [optionalJsonBody] : operation.body ? [jsonBody, requireJson] : []),
      handlers[id as OperationId],
    );
  }
  for (const [path, methods] of methodsByPath()) app.all(path, methodNotAllowed(methods));

  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).end(await registry.metrics());
  });
  app.use(docsRoutes(parts.keys !== undefined));
  app.use(notFound);
  app.use(answerProblem(parts.logError));
  return app;
};

const handlersOf = ({ queue, db, isStopping, logWarning }: ApiParts): Record<OperationId, RequestHandler> => ({
  recordPurchase: purchases.recordPurchase(queue, logWarning),
  findPurchases: findPurchases(db),
  getPurchase: purchases.getPurchase(db),
  voidPurchase: purchases.voidPurchase(db),
  returnPurchase: postReturn(db),
  getProducts: catalog.getProducts(db),
  postProduct: catalog.postProduct(db),
  getProduct: catalog.getProduct(db),
  patchProduct: catalog.patchProduct(db),
  postPrice: catalog.postPrice(db),
  getBranches: catalog.getBranches(db),
  postBranch: catalog.postBranch(db),
  patchBranch: catalog.patchBranch(db),
  registerTill: registerTill(db),
  getCustomer: catalog.getCustomer(db),
  getHealth,
  getReadiness: getReadiness(queue, db, isStopping),
});

/** What a web page of another site makes a browser send is refused; see {@link foreignRequest}. */
const refuseForeign =
  (anyHost: boolean): RequestHandler =>
  (request, _response, next) => {
    const reason = foreignRequest(request, { anyHost });
    if (reason !== undefined) throw new ProblemError('foreign', reason);
    next();
  };

/** Whoever still has a connection open when the API stops is asked to come back on another. */
const whileRunning =
  (isStopping: () => boolean): RequestHandler =>
  (_request, response, next) => {
    if (isStopping()) {
      response.setHeader('Connection', 'close');
      throw new ProblemError('stopping', 'this instance is stopping');
    }
    next();
  };

/** Helmet's headers. Whether the page came by HTTPS is for the proxy to say, so nothing is upgraded here. */
const securityHeaders = (): RequestHandler =>
  helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } });

const expressPath = ({ path }: Operation): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

const methodsByPath = (): Map<string, string[]> => {
  const methods = new Map<string, string[]>();
  for (const operation of Object.values<Operation>(OPERATIONS)) {
    const path = expressPath(operation);
    const added = operation.method === 'get' ? ['GET', 'HEAD'] : [operation.method.toUpperCase()];
    methods.set(path, [...(methods.get(path) ?? []), ...added]);
  }
  return methods;
};
