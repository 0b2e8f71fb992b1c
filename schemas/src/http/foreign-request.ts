import type { IncomingHttpHeaders } from 'node:http';

/** How a server is reached. */
export interface Reach {
  /**
   * Whether it answers under any name: behind a proxy of the operator, or on an address that others reach, where
   * callers need a key or a login. Otherwise only loopback names are answered, so that no web page gets in by a domain
   * that it lets point to 127.0.0.1 (DNS rebinding).
   */
  anyHost: boolean;
  /** Whether it serves pages, which a link on another site may open. */
  pages?: boolean;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Why a request is refused because a web page of another site may have made a browser send it; undefined if it may
 * proceed. Programs other than browsers send neither `Sec-Fetch-Site` nor `Origin`.
 */
export const foreignRequest = (
  { method = 'GET', headers }: { method?: string | undefined; headers: IncomingHttpHeaders },
  { anyHost, pages = false }: Reach,
): string | undefined => {
  const { host, origin } = headers;
  if (headers['sec-fetch-site'] === 'cross-site' && !(pages && opensPage(method, headers))) {
    return 'this comes from another site';
  }
  if (!anyHost && host !== undefined && !LOOPBACK.test(host)) {
    return 'only loopback names such as localhost are answered here';
  }
  if (origin === undefined) return undefined;
  const from = origin.replace(/^https?:\/\//, '');
  const ownSite = anyHost ? SAFE.has(method) || from === host : LOOPBACK.test(from);
  return ownSite ? undefined : 'this comes from another site';
};

/** Whether somebody follows a link: the page that shows it does not see the answer. */
const opensPage = (method: string, headers: IncomingHttpHeaders): boolean =>
  method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
