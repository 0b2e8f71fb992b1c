import { error, type RequestEvent, redirect } from '@sveltejs/kit';
import { bearerOf } from '@tillstream/schemas/credentials/api-keys';
import { badParameters, type Problem, problemResponse, unavailable, unknownBranch } from '../api/problems.ts';
import type { App } from '../app.ts';
import { accessOf, type Reach, reach } from './access.ts';
import type { Verdict } from './login.ts';
import { ON_LOOPBACK } from './who.ts';

/**
 * The cookie of the session. Over HTTPS its name begins with `__Host-`: a browser takes it from this host alone, over HTTPS,
 * for all paths. Over plain HTTP, on loopback, browsers refuse that prefix.
 */
export const sessionCookie = ({ protocol }: URL): string =>
  protocol === 'https:' ? '__Host-tillstream_session' : 'tillstream_session';

const judgeNow = ({ cookies, request, url }: RequestEvent, { login }: App): Promise<Verdict> => {
  if (login === undefined) return Promise.resolve({ kind: 'in', who: ON_LOOPBACK });
  const isApi = url.pathname.startsWith('/api/');
  return login.judge({
    session: cookies.get(sessionCookie(url)),
    key: isApi ? bearerOf(request.headers.get('authorization')) : undefined,
  });
};

/**
 * The one place where it is decided who may reach what, by the table in access.ts.
 *
 * @returns undefined if the request may proceed, else the answer to give. A page leads to the login and back again; for whoever
 *   else asks, the answer says that it is closed
 */
export const gate = async (event: RequestEvent, app: App): Promise<Response | undefined> => {
  const access = accessOf(event.route.id);
  const reachOf = (verdict: Verdict): Reach | undefined =>
    verdict.kind === 'in' ? reach(verdict.who, access, event.url.searchParams.getAll('branch')) : undefined;
  event.locals.mayStay = async () => reachOf(await judgeNow(event, app)) === 'go';
  if (access === 'open') return undefined;
  const verdict = await judgeNow(event, app);
  if (verdict.kind !== 'in') return turnAway(event, verdict.kind);
  event.locals.who = verdict.who;
  const found = reachOf(verdict);
  if (found === 'go') return undefined;
  if (typeof found === 'object') return askFor(event, found);
  // A cashier has one page.
  if (verdict.who.role === 'cashier' && event.route.id === '/(owner)' && isPage(event)) redirect(303, '/till');
  const problem =
    found === 'unknown-branch' ? unknownBranch(event.url.searchParams.getAll('branch').join()).problem : NOT_YOURS;
  if (isPage(event)) error(problem.status, problem.title);
  return problemResponse(problem, event.url.pathname);
};

const isPage = ({ isDataRequest, request, url }: RequestEvent): boolean =>
  request.method === 'GET' &&
  !url.pathname.startsWith('/api/') &&
  (isDataRequest || (request.headers.get('accept')?.includes('text/html') ?? false));

const turnAway = (event: RequestEvent, kind: 'out' | 'forbidden' | 'away'): Response => {
  const { pathname, search } = event.url;
  if (isPage(event)) {
    const next = `${pathname}${search}`;
    redirect(303, next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`);
  }
  const response = problemResponse(PROBLEMS[kind], pathname);
  if (kind === 'out') response.headers.set('www-authenticate', 'Bearer realm="tillstream"');
  return response;
};

/** Whoever has one branch is answered about that one. Who has several sees a page of the first, and is asked by the read API. */
const askFor = (event: RequestEvent, found: Exclude<Reach, string>): Response | undefined => {
  const { url } = event;
  const isApi = url.pathname.startsWith('/api/');
  if ('oneOf' in found && isApi) {
    const detail = `must be one of yours: ${found.oneOf.join(', ')}`;
    return problemResponse(badParameters([{ parameter: 'branch', detail }]).problem, url.pathname);
  }
  const branch = 'oneOf' in found ? found.oneOf[0] : found.branch;
  url.searchParams.set('branch', branch ?? '');
  // The address of a page says what it shows.
  if (!isApi) redirect(303, `${url.pathname}${url.search}`);
  return undefined;
};

/** Where to go after the login: a path of ours, whatever the address says. */
export const nextPath = (url: URL): string => {
  const wanted = url.searchParams.get('next') ?? '/';
  const next = URL.canParse(wanted, url.origin) ? new URL(wanted, url.origin) : url;
  return wanted.startsWith('/') && next.origin === url.origin ? `${next.pathname}${next.search}` : '/';
};

const NOT_YOURS: Problem = {
  kind: 'forbidden',
  status: 403,
  title: 'Not with this login',
  detail: 'This is not for your role. Ask the owner.',
};

const PROBLEMS: Record<Exclude<Verdict['kind'], 'in'>, Problem> = {
  out: {
    kind: 'unauthenticated',
    status: 401,
    title: 'Log in first',
    detail: 'Log in at /login, or ask the read API with Authorization: Bearer <an API key with the scope read>.',
  },
  forbidden: {
    kind: 'forbidden',
    status: 403,
    title: 'Not with this key',
    detail: 'The read API takes keys with the scope read that belong to no branch.',
  },
  away: unavailable().problem,
};
