import { createServer, IncomingMessage, type Server, type ServerOptions, ServerResponse } from 'node:http';
import type { Express } from 'express';

/**
 * An HTTP server for an Express application that makes its requests and responses with Express's prototypes.
 *
 * Express gives each request and response its own prototype when it arrives (`Object.setPrototypeOf`), which makes V8 throw
 * away what it knows of their shape: that cost more than everything else Express does. Where they are born with the
 * prototype, the call finds nothing to change.
 */
export const createExpressServer = (app: Express, options: ServerOptions): Server => {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {}
  adopt(Request.prototype, app.request);
  adopt(Response.prototype, app.response);
  app.request = Request.prototype as typeof app.request;
  app.response = Response.prototype as typeof app.response;
  return createServer({ ...options, IncomingMessage: Request, ServerResponse: Response }, app);
};

/** Copies what Express adds to Node's prototype, from the application's own down to it. */
const adopt = (target: object, source: object): void => {
  const layers: object[] = [];
  for (let layer = source; layer !== Object.getPrototypeOf(target); layer = Object.getPrototypeOf(layer)) {
    layers.unshift(layer);
  }
  for (const layer of layers) {
    const { constructor: _, ...added } = Object.getOwnPropertyDescriptors(layer) as Record<string, PropertyDescriptor>;
    Object.defineProperties(target, added);
  }
};
