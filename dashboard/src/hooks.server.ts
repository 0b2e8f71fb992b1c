import { type Handle, type HandleServerError, type RequestEvent, type ServerInit, text } from '@sveltejs/kit';
import { foreignRequest } from '@tillstream/schemas/http/foreign-request';
import { serveHealth } from '@tillstream/schemas/http/health-server';
import { building } from '$app/environment';
import { getApp } from '$lib/server/app.ts';
import { compressed } from '$lib/server/compressed.ts';
import { getLog } from '$lib/server/log.ts';
import { gate } from '$lib/server/login/gate.ts';
import { observeRequest, registry } from '$lib/server/metrics.ts';
import { answersAnyHost, getSettings } from '$lib/server/settings.ts';

/** Checks every setting before the first request, serves metrics where they are wanted, and ends the live streams when the process is told to stop. */
export const init: ServerInit = () => {
  if (building) return;
  const { DASHBOARD_METRICS_PORT: port, HOST: host } = getSettings();
  if (port !== undefined) serveHealth({ port, host, setting: 'DASHBOARD_METRICS_PORT', metrics: registry });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void getApp().close());
};

export const handle: Handle = async (input) => {
  const { method } = input.event.request;
  const began = performance.now();
  const response = await answer(input);
  observeRequest(method, input.event.route.id, response.status, (performance.now() - began) / 1000);
  return response;
};

const answer: Handle = async ({ event, resolve }) => {
  if (isForeign(event)) return text('This comes from another site.', { status: 403 });
  const closed = await gate(event, getApp());
  if (closed !== undefined) return closed;
  preferPages(event);
  return compressed(event.request, await resolve(event));
};

/**
 * Whether another site makes a browser send this; SvelteKit looks at forms alone. Which origin is ours is known here
 * behind a proxy, too, so the one that is sent is compared here.
 */
const isForeign = ({ request, url }: RequestEvent): boolean => {
  const { origin, ...headers } = Object.fromEntries(request.headers);
  const { method } = request;
  if (foreignRequest({ method, headers }, { anyHost: answersAnyHost(getSettings()), pages: true })) return true;
  if (['GET', 'HEAD', 'OPTIONS'].includes(method)) return false;
  return origin !== undefined && origin !== url.origin;
};

/** A page and its figures have one address: who does not name JSON, such as curl, gets the page. */
const preferPages = ({ request }: RequestEvent): void => {
  const accept = request.headers.get('accept') ?? '*/*';
  if (accept.includes('*/*') && !accept.includes('json')) request.headers.set('accept', 'text/html');
};

export const handleError: HandleServerError = ({ error, status, message }) => {
  if (status !== 404) getLog().error({ err: error }, 'a request failed');
  return { message };
};
