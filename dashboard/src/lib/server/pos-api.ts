import { getSettings } from './settings.ts';

const TIMEOUT_MS = 8_000;

/** Asks the POS API on behalf of a till; its key never leaves the server. Throws when it cannot be reached. */
export const askPosApi = (
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
) => {
  const { POS_API_URL, POS_API_PORT, POS_API_KEY } = getSettings();
  const base = POS_API_URL ?? `http://127.0.0.1:${POS_API_PORT}`;
  return fetch(new URL(path, base), {
    ...init,
    headers: { ...init.headers, ...(POS_API_KEY === undefined ? {} : { authorization: `Bearer ${POS_API_KEY}` }) },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
};
