import { type Actions, error, fail, redirect } from '@sveltejs/kit';
import { OWNER } from '@tillstream/pos-api/users/users';
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

const textOf = (value: FormDataEntryValue | null): string => (typeof value === 'string' ? value : '');

export const actions: Actions = {
  in: async ({ request, url, cookies, setHeaders, getClientAddress }) => {
    const { login: gatekeeper, audit } = getApp();
    if (gatekeeper === undefined) redirect(303, '/');
    const form = await request.formData();
    const name = textOf(form.get('name')) || OWNER;
    const address = getClientAddress();
    const tried = await gatekeeper.attempt(name, textOf(form.get('password')), address);
    if (tried.kind === 'wrong')
      await audit({ action: 'login refused', who: tried.name ?? 'unknown', role: 'nobody', address });
    if (tried.kind === 'in') {
      await audit({ action: 'login', who: tried.user.name, role: tried.user.role, address });
      cookies.set(sessionCookie(url), tried.session, {
        ...cookieOptions(url),
        maxAge: SESSION_MS / 1000,
      });
      redirect(303, nextPath(url));
    }
    const seconds = tried.kind === 'later' ? tried.seconds : undefined;
    if (seconds !== undefined) setHeaders({ 'retry-after': String(seconds) });
    return fail(STATUS[tried.kind], { fault: tried.kind, seconds, name });
  },
  /** Ends the session of this browser, here and on the server; a new password ends all. */
  out: async ({ cookies, url, getClientAddress }) => {
    const session = cookies.get(sessionCookie(url));
    const { login: gatekeeper, audit } = getApp();
    try {
      const judged = await gatekeeper?.judge({ session });
      if (session !== undefined) await gatekeeper?.logOut(session);
      if (judged?.kind === 'in')
        await audit({ action: 'logout', who: judged.who.name, role: judged.who.role, address: getClientAddress() });
    } catch {
      error(503, login.notLoggedOut);
    }
    cookies.delete(sessionCookie(url), cookieOptions(url));
    redirect(303, '/login');
  },
};
