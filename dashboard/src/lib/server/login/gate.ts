import { type RequestEvent, redirect } from '@sveltejs/kit';
import { bearerOf } from '@tillstream/schemas/credentials/api-keys';
import { type Problem, problemResponse, unavailable } from '../api/problems.ts';
import type { App } from '../app.ts';
import type { Verdict } from './login.ts';

/**
 * The cookie of the session. Over HTTPS its name begins with `__Host-`: a browser takes it from this host alone, over HTTPS,
 * for all paths. Over plain HTTP, on loopback, browsers refuse that prefix.
 */
export const sessionCookie = ({ protocol }: URL): string =>
  protocol === 'https:' ? '__Host-tillstream_session' : 'tillstream_session';

/** What shows no figure and is open to everybody: the login itself, and what operators ask from inside. */
const OPEN = new Set(['/login', '/healthz', '/metrics']);

const judgeNow = ({ cookies, request, url }: RequestEvent, { login }: App): Promise<Verdict> => {
  if (login === undefined) return Promise.resolve('in');
  const isApi = url.pathname.startsWith('/api/');
  return login.judge({
    session: cookies.get(sessionCookie(url)),
    key: isApi ? bearerOf(request.headers.get('authorization')) : undefined,
  });
};

/**
 * Undefined for who may go on; else the answer to give. Who asked for a page is sent to the login and back again, whoever
 * else learns that it is closed.
 */
export const gate = async (event: RequestEvent, app: App): Promise<Response | undefined> => {
  const { url, request } = event;
  event.locals.mayStay = async () => (await judgeNow(event, app)) === 'in';
  if (OPEN.has(url.pathname)) return undefined;
  const verdict = await judgeNow(event, app);
  if (verdict === 'in') return undefined;
  const isPage = event.isDataRequest || request.headers.get('accept')?.includes('text/html');
  if (isPage && request.method === 'GET' && !url.pathname.startsWith('/api/')) {
    const next = `${url.pathname}${url.search}`;
    redirect(303, next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`);
  }
  const response = problemResponse(PROBLEMS[verdict], url.pathname);
  if (verdict === 'out') response.headers.set('www-authenticate', 'Bearer realm="tillstream"');
  return response;
};

/** Where to go after the login: a path of ours, whatever the address says. */
export const nextPath = (url: URL): string => {
  const wanted = url.searchParams.get('next') ?? '/';
  const next = URL.canParse(wanted, url.origin) ? new URL(wanted, url.origin) : url;
  return wanted.startsWith('/') && next.origin === url.origin ? `${next.pathname}${next.search}` : '/';
};

const PROBLEMS: Record<Exclude<Verdict, 'in'>, Problem> = {
  out: {
    kind: 'unauthenticated',
    status: 401,
    title: 'Log in first',
    detail:
      'Figures are for the owner: log in at /login, or send Authorization: Bearer <an API key with the scope read>.',
  },
  forbidden: {
    kind: 'forbidden',
    status: 403,
    title: 'Not with this key',
    detail: 'The read API takes keys with the scope read that belong to no branch.',
  },
  away: unavailable().problem,
};
