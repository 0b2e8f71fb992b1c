import { fail, type RequestEvent } from '@sveltejs/kit';
import { listBranches } from '@tillstream/pos-api/catalog';
import type { Actor } from '@tillstream/pos-api/users/actor';
import { addUser, endUser, listUsers, setSecrets, UserError } from '@tillstream/pos-api/users/users';
import { passwordFault, pinFault } from '@tillstream/schemas/credentials/password';
import { ROLES } from '@tillstream/schemas/values/choices';
import { getApp } from '$lib/server/app.ts';
import { users as text } from '$lib/text/users.ts';
import type { Actions, PageServerLoad } from './$types';

/** Who may log in or sell; undefined while Postgres is away. */
export const load: PageServerLoad = async ({ setHeaders }) => {
  setHeaders({ 'cache-control': 'no-store' });
  const { people } = getApp();
  try {
    const [users, places] = await Promise.all([listUsers(people, { ended: false }), listBranches(people)]);
    return { users: users.map((user) => ({ ...user, created_at: user.created_at.getTime() })), places, roles: ROLES };
  } catch {
    return { users: undefined, places: [], roles: ROLES };
  }
};

export const actions: Actions = {
  add: (event) =>
    change(event, async (form, actor) => {
      const name = form.text('name').trim();
      const role = ROLES.find((known) => known === form.text('role')) ?? 'cashier';
      await addUser(getApp().people, { name, role, branch_ids: form.all('branch'), ...secretsOf(form) }, actor);
      return text.done.made(name);
    }),
  set: (event) =>
    change(event, async (form, actor) => {
      const name = form.text('name');
      await setSecrets(getApp().people, name, secretsOf(form), actor);
      return text.done.set(name);
    }),
  end: (event) =>
    change(event, async (form, actor) => {
      const name = form.text('name');
      await endUser(getApp().people, name, actor);
      return text.done.ended(name);
    }),
};

interface Form {
  text(name: string): string;
  all(name: string): string[];
}

/** Makes a change and says what was done, or what is wrong. */
const change = async (event: RequestEvent, work: (form: Form, actor: Actor) => Promise<string>) => {
  const data = await event.request.formData();
  const form: Form = {
    text: (name) => String(data.get(name) ?? ''),
    all: (name) => data.getAll(name).map(String),
  };
  const { who } = event.locals;
  const actor = {
    who: who?.name ?? '',
    role: getApp().login === undefined ? 'nobody' : (who?.role ?? ''),
    address: event.getClientAddress(),
  };
  try {
    return { done: await work(form, actor) };
  } catch (error) {
    if (error instanceof UserError) return fail(422, { fault: error.message });
    return fail(503, { fault: text.away });
  }
};

/** The password and the PIN that were typed. */
const secretsOf = (form: Form): { password?: string; pin?: string } => {
  const [password, pin] = [form.text('password'), form.text('pin')];
  const faults = [
    ...(password === '' ? [] : [[text.password, passwordFault(password)]]),
    ...(pin === '' ? [] : [[text.pin, pinFault(pin)]]),
  ].flatMap(([what, fault]) => (fault === undefined ? [] : [`${what}: ${fault}`]));
  if (faults.length > 0) throw new UserError(faults.join('; '));
  return { ...(password !== '' && { password }), ...(pin !== '' && { pin }) };
};
