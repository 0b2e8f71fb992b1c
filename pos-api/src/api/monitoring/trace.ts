import type { RequestHandler } from 'express';
import type { Tracing } from '../../tracing.ts';
import { localsOf, requestIdOf } from '../keys/caller.ts';
import { routeOf } from './metrics.ts';

/** A span for each request, below the caller's `traceparent`; without tracing it does nothing. */
export const traceRequests = (tracing: Tracing | undefined): RequestHandler[] =>
  tracing === undefined
    ? []
    : [
        (request, response, next) => {
          const { traceparent } = request.headers;
          const span = tracing.start(
            request.method,
            'server',
            typeof traceparent === 'string' ? traceparent : undefined,
          );
          localsOf(response).span = span;
          response.once('close', () => {
            const route = routeOf(request);
            span.end({
              name: `${request.method} ${route}`,
              // No path and no address: they can name a person.
              attributes: {
                'http.request.method': request.method,
                'http.route': route,
                'http.response.status_code': response.statusCode,
                'tillstream.request_id': requestIdOf(response),
              },
              failed: response.statusCode >= 500,
            });
          });
          next();
        },
      ];
