import { type Actions, error, fail, redirect } from '@sveltejs/kit';
import { getApp } from '$lib/server/app.ts';
import { nextPath, sessionCookie } from '$lib/server/login/gate.ts';
import { SESSION_MS } from '$lib/server/login/session.ts';
import { login } from '$lib/text/login.ts';
import type { PageServerLoad } from './$types';

const cookieOptions = (url: URL) =>
  ({ path: '/', httpOnly: true, sameSite: 'lax', secure: url.protocol === 'https:' }) as const;

const STATUS = { wrong: 401, later: 429, away: 503, 'no-password': 409 };

/** Who is in already, or need not log in, goes on. */
export const load: PageServerLoad = async ({ locals, url, setHeaders }) => {
  setHeaders({ 'cache-control': 'no-store' });
  if (await locals.mayStay()) redirect(303, nextPath(url));
  return { hasPassword: await getApp().login?.hasPassword() };
};

export const actions: Actions = {
  in: async ({ request, url, cookies, setHeaders, getClientAddress }) => {
    const { login: gatekeeper } = getApp();
    if (gatekeeper === undefined) redirect(303, '/');
    const password = (await request.formData()).get('password');
    const tried = await gatekeeper.attempt(typeof password === 'string' ? password : '', getClientAddress());
    if (tried.kind === 'in') {
      cookies.set(sessionCookie(url), tried.session, {
        ...cookieOptions(url),
        maxAge: SESSION_MS / 1000,
      });
      redirect(303, nextPath(url));
    }
    const seconds = tried.kind === 'later' ? tried.seconds : undefined;
    if (seconds !== undefined) setHeaders({ 'retry-after': String(seconds) });
    return fail(STATUS[tried.kind], { fault: tried.kind, seconds });
  },
  /** Ends the session of this browser, here and on the server; a new password ends all. */
  out: async ({ cookies, url }) => {
    const session = cookies.get(sessionCookie(url));
    try {
      if (session !== undefined) await getApp().login?.logOut(session);
    } catch {
      error(503, login.notLoggedOut);
    }
    cookies.delete(sessionCookie(url), cookieOptions(url));
    redirect(303, '/login');
  },
};
