import type { Handle, HandleServerError, ServerInit } from '@sveltejs/kit';
import { building } from '$app/environment';
import { getApp } from '$lib/server/app.ts';
import { getLog } from '$lib/server/log.ts';
import { getSettings } from '$lib/server/settings.ts';

/** Checks every setting before the first request, and ends the live streams when the process is told to stop. */
export const init: ServerInit = () => {
  if (building) return;
  getSettings();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void getApp().close());
};

export const handle: Handle = async ({ event, resolve }) => {
  const response = await resolve(event);
  response.headers.set('x-content-type-options', 'nosniff');
  response.headers.set('referrer-policy', 'same-origin');
  return response;
};

export const handleError: HandleServerError = ({ error, status, message }) => {
  if (status !== 404) getLog().error({ err: error }, 'a request failed');
  return { message };
};
