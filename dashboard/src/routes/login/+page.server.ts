import { type Actions, fail, redirect } from '@sveltejs/kit';
import { getApp } from '$lib/server/app.ts';
import { nextPath, SESSION_COOKIE } from '$lib/server/login/gate.ts';
import { SESSION_MS } from '$lib/server/login/session.ts';
import type { PageServerLoad } from './$types';

const STATUS = { wrong: 401, later: 429, away: 503, 'no-password': 409 };

/** Who is in already, or need not log in, goes on. */
export const load: PageServerLoad = async ({ locals, url, setHeaders }) => {
  setHeaders({ 'cache-control': 'no-store' });
  if (await locals.mayStay()) redirect(303, nextPath(url));
  return { hasPassword: await getApp().login?.hasPassword() };
};

export const actions: Actions = {
  in: async ({ request, url, cookies, setHeaders, getClientAddress }) => {
    const { login } = getApp();
    if (login === undefined) redirect(303, '/');
    const password = (await request.formData()).get('password');
    const tried = await login.attempt(typeof password === 'string' ? password : '', getClientAddress());
    if (tried.kind === 'in') {
      cookies.set(SESSION_COOKIE, tried.session, {
        path: '/',
        httpOnly: true,
        sameSite: 'lax',
        secure: url.protocol === 'https:',
        maxAge: SESSION_MS / 1000,
      });
      redirect(303, nextPath(url));
    }
    const seconds = tried.kind === 'later' ? tried.seconds : undefined;
    if (seconds !== undefined) setHeaders({ 'retry-after': String(seconds) });
    return fail(STATUS[tried.kind], { fault: tried.kind, seconds });
  },
  /** Ends the session of this browser; a new password ends all. */
  out: ({ cookies, url }) => {
    cookies.delete(SESSION_COOKIE, { path: '/', httpOnly: true, sameSite: 'lax', secure: url.protocol === 'https:' });
    redirect(303, '/login');
  },
};
