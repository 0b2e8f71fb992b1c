import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { addUser, setSecrets } from '@tillstream/pos-api/users/users';
import { purchaseResponse } from '@tillstream/schemas/api';
import { kpis } from '@tillstream/schemas/read-api';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { axeFindings, openPage } from '../support/browser/page.ts';
import { npmRun } from '../support/browser/password.ts';
import { eventually } from '../support/eventually.ts';
import type { OwnStack } from '../support/own-stack.ts';

const PASSWORD = 'everybody has another & longer';
/** What nobody but the owner reaches; of a manager's branch or of the till is everything else. */
const OWNERS = ['/audit', '/audit/csv', '/pipeline', '/users', '/api/health', '/api/no_such', '/api/reconciliation'];
const OPEN = ['/login', '/healthz'];
const anything = z.record(z.string(), z.unknown());
const OTHERS = /SMKT002|SMKT003/;

/** An address for every route of the dashboard, from the tree of files: a new one is asked for, too. */
const addresses = (): string[] => {
  const routes = fileURLToPath(new URL('../../dashboard/src/routes', import.meta.url));
  const files = readdirSync(routes, { recursive: true, encoding: 'utf8' });
  const folders = files
    .filter((file) => /^\+(page|server)\b/.test(path.basename(file)))
    .map((file) => path.dirname(file));
  const address = (folder: string) =>
    `/${folder}`
      .replace(/\/\([^)]*\)/g, '')
      .replace('/.', '')
      .replace('[...path]', 'no_such')
      .replace('[branch]', 'SMKT001')
      .replace('[purchase]', randomUUID())
      .replace(/\[[^\]]*\]/g, 'milk') || '/';
  return [...new Set(folders.map(address))].sort();
};

/**
 * Who reaches what: every route with each role, and with none.
 *
 * @param logIn the cookie of a user who logs in
 */
export const testWalls = (
  own: OwnStack,
  logIn: (password: string, name?: string) => Promise<string>,
  owner: () => Promise<string>,
) => {
  const ask = (address: string, cookie: string, accept = 'application/json', init: RequestInit = {}) =>
    fetch(`${own.stack.dashboard}${address}`, {
      redirect: 'manual',
      ...init,
      headers: { accept, cookie, ...init.headers },
    });
  const json = async (address: string, cookie: string) => anything.parse(await (await ask(address, cookie)).json());
  /** The text of an answer; of a stream its first message. */
  const textOf = async (response: Response): Promise<string> => {
    if (!response.headers.get('content-type')?.includes('event-stream')) return response.text();
    const reader = response.body?.getReader();
    let text = '';
    while (reader && !text.includes('"figures"')) text += Buffer.from((await reader.read()).value ?? []).toString();
    await reader?.cancel();
    return text;
  };
  /** Puts a session into a browser before it opens its first page. */
  const withCookie = (cookie: string) => (page: Page) => {
    const [name = '', value = ''] = cookie.split('=');
    return page.context().addCookies([{ name, value, url: own.stack.dashboard }]);
  };
  const withPool = async <T>(work: (pool: ReturnType<typeof connectPostgres>) => Promise<T>): Promise<T> => {
    const pool = connectPostgres(own.stack.postgres, 'test', 1);
    try {
      return await work(pool);
    } finally {
      await pool.end();
    }
  };

  test('users are made by a command; its secrets are piped in', async () => {
    const run = (...args: string[]) => npmRun(own.stack.env, ['users', ...args], PASSWORD);
    const made = await run('add', 'Mia', '--role', 'manager', '--branch', 'SMKT001');
    expect(made).toEqual({ code: 0, output: 'Mia is made: manager of SMKT001.\n' });
    expect(await run('add', 'mia', '--role', 'manager', '--branch', 'SMKT001')).toEqual({
      code: 1,
      output: 'there is a user mia already\n',
    });
    expect((await run('list')).output).toContain('manager');
    await withPool(async (pool) => {
      const branch_ids = ['SMKT001'];
      await addUser(pool, { name: 'Max', role: 'manager', branch_ids: ['SMKT001', 'SMKT002'], password: PASSWORD });
      await addUser(pool, { name: 'till 1', role: 'cashier', branch_ids, password: PASSWORD });
      await addUser(pool, { name: 'Cem', role: 'cashier', branch_ids, pin: '2468' });
    });
  });

  test('without a login every route but the login and the health check is closed', async () => {
    for (const address of addresses()) {
      const statuses = [(await ask(address, '')).status, (await ask(address, '', 'text/html')).status];
      if (OPEN.includes(address)) expect(statuses.includes(401), address).toBe(false);
      else expect(statuses, address).toEqual([401, address.startsWith('/api/') ? 401 : 303]);
      if (!OPEN.includes(address))
        expect((await ask(address, '', '*/*', { method: 'POST' })).status, address).toBe(401);
    }
  });

  test('a cashier reaches the till alone, and no figure there', async () => {
    const cookie = await logIn(PASSWORD, 'till 1');
    const { revenue_minor, gross_minor, purchases, items } = kpis.parse(await json('/api/kpis', await owner()));
    let reached = 0;
    for (const address of addresses().filter((each) => each !== '/login')) {
      for (const accept of ['application/json', 'text/html']) {
        const response = await ask(address, cookie, accept);
        // The icon is no figure.
        const text = (await response.text()).replaceAll('http://www.w3.org/2000/svg', '');
        if (address === '/' && accept === 'text/html') {
          expect([response.status, response.headers.get('location')]).toEqual([303, '/till']);
        } else if (address.startsWith('/till') || address === '/healthz') {
          expect([401, 403], address).not.toContain(response.status);
          reached += 1;
        } else expect(response.status, address).toBe(403);
        expect(text, address).not.toMatch(/revenue|spent_minor|gross_minor|unique_customers|average_basket|SMKT00[23]/);
        for (const figure of [revenue_minor, gross_minor, purchases, items]) {
          expect(text, address).not.toMatch(new RegExp(`\\b${figure}\\b`));
        }
      }
      for (const query of ['?branch=SMKT001', '?format=csv', '/__data.json']) {
        if (address.startsWith('/till') || address === '/healthz') continue;
        const response = await ask(`${address}${query}`, cookie);
        const text = await response.text();
        expect(text, address).not.toMatch(/revenue|minor|purchases/);
      }
      const post = await ask(address, cookie, '*/*', { method: 'POST', headers: { origin: own.stack.dashboard } });
      if (!address.startsWith('/till') && address !== '/healthz') expect(post.status, address).toBe(403);
    }
    expect(reached).toBeGreaterThan(4);
  });

  test('a manager sees their branch alone, whatever is asked', async () => {
    const [cookie, chain] = [await logIn(PASSWORD, 'Mia'), await owner()];
    for (const address of addresses().filter((each) => !OPEN.includes(each) && !each.startsWith('/till'))) {
      if (OWNERS.includes(address)) {
        for (const accept of ['application/json', 'text/html']) {
          expect((await ask(address, cookie, accept)).status, address).toBe(403);
          expect((await ask(`${address}?branch=SMKT001`, cookie, accept)).status, address).toBe(403);
        }
        continue;
      }
      for (const query of [
        'branch=SMKT002',
        'branch=nowhere',
        'branch=SMKT001&branch=SMKT002',
        'branch=SMKT002&format=csv',
      ]) {
        expect((await ask(`${address}?${query}`, cookie)).status, `${address}?${query}`).toBe(404);
      }
      const theirs = await ask(`${address}?branch=SMKT001&product=milk`, cookie);
      expect(theirs.status, address).toBe(200);
      expect(await textOf(theirs), address).not.toMatch(OTHERS);
      const absent = await ask(`${address}?product=milk`, cookie);
      if (!address.startsWith('/api/')) {
        expect([absent.status, absent.headers.get('location')], address).toEqual([
          303,
          `${address}?product=milk&branch=SMKT001`,
        ]);
        const page = await ask(`${address}?branch=SMKT001`, cookie, 'text/html');
        expect([page.status, OTHERS.test(await page.text())], address).toEqual([200, false]);
        const data = await ask(`${address === '/' ? '' : address}/__data.json?branch=SMKT001`, cookie);
        expect([data.status, OTHERS.test(await data.text())], address).toEqual([200, false]);
      } else if (address !== '/api/live') {
        expect(absent.status, address).toBe(200);
        const forOwner = await ask(`${address}?product=milk&branch=SMKT001`, chain);
        const { read_at: _, branches, ...found } = anything.parse(await absent.json());
        const { read_at: __, branches: ___, ...whole } = anything.parse(await forOwner.json());
        expect(found, address).toEqual(whole);
        if (branches !== undefined) expect(branches).toEqual([expect.objectContaining({ branch_id: 'SMKT001' })]);
      } else await absent.body?.cancel();
    }
    const [mine, all] = [kpis.parse(await json('/api/kpis', cookie)), kpis.parse(await json('/api/kpis', chain))];
    expect(mine.purchases).toBeGreaterThan(0);
    expect(all.purchases).toBeGreaterThan(mine.purchases);
    const live = await textOf(await ask('/api/live', cookie));
    expect(live).toContain('"waiting":null');
    expect(live).toContain('"books":null');
  });

  test('a manager of several branches looks at one at a time', async () => {
    const cookie = await logIn(PASSWORD, 'Max');
    const none = await ask('/api/kpis', cookie);
    expect([none.status, anything.parse(await none.json()).detail]).toEqual([
      422,
      'branch: must be one of yours: SMKT001, SMKT002',
    ]);
    expect((await ask('/api/kpis?branch=SMKT002', cookie)).status).toBe(200);
    expect((await ask('/api/kpis?branch=SMKT003', cookie)).status).toBe(404);
    const { branches } = z
      .object({ branches: z.array(z.object({ branch_id: z.string() })) })
      .parse(await json('/api/branch_sales', cookie));
    expect(branches.map(({ branch_id }) => branch_id)).toEqual(['SMKT001', 'SMKT002']);
    const first = await ask('/products', cookie, 'text/html');
    expect(first.headers.get('location')).toBe('/products?branch=SMKT001');
    const { context, page } = await openPage(own.browser, `${own.stack.dashboard}/branches`, {}, withCookie(cookie));
    expect(await page.getByTestId('branch-filter').locator('option').count()).toBe(2);
    expect(await page.getByRole('link', { name: 'Pipeline' }).count()).toBe(0);
    await context.close();
  });

  test('whoever is signed in with a PIN is the cashier of what is sold, whatever its body says', async () => {
    const cookie = await logIn(PASSWORD, 'till 1');
    const post = (address: string, body: object, signIn?: string, method = 'POST') =>
      ask(address, cookie, '*/*', {
        method,
        headers: {
          origin: own.stack.dashboard,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
          ...(signIn !== undefined && { 'till-sign-in': signIn }),
        },
        ...(method === 'POST' && { body: JSON.stringify(body) }),
      });
    const sale = { branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }], cashier: 'Somebody else' };
    const signIn = (name: string, pin: string, branch_id = 'SMKT001') =>
      post('/till/sign-in', { branch_id, name, pin });
    expect((await post('/till/purchases', sale)).status).toBe(401);
    expect((await signIn('Cem', '1357')).status).toBe(401);
    expect((await signIn('Cem', '2468', 'SMKT002')).status).toBe(403);
    const { sign_in: token, name } = z
      .object({ sign_in: z.string(), name: z.string() })
      .parse(await (await signIn('Cem', '2468')).json());
    expect(name).toBe('Cem');
    const state = async () =>
      (await ask('/till/sign-in?branch=SMKT001', cookie, '*/*', { headers: { 'till-sign-in': token } })).json();
    expect(await state()).toEqual({ names: ['Cem'], signed_in: 'Cem' });
    const sold = async (more: object = {}) => {
      const response = await post('/till/purchases', { ...sale, ...more }, token);
      if (response.status !== 201) return response.status;
      const { purchase_id } = purchaseResponse.parse(await response.json());
      return withPool(
        async (pool) =>
          (await pool.query('select cashier from purchases where purchase_id = $1', [purchase_id])).rows[0].cashier,
      );
    };
    expect(await sold()).toBe('Cem');
    expect(await sold({ branch_id: 'SMKT002' })).toBe(403);
    const before = new Date().toISOString();
    expect((await post('/till/sign-in', {}, token, 'DELETE')).status).toBe(204);
    expect(await state()).toEqual({ names: ['Cem'], signed_in: null });
    // What was sold before the sign-out and could not be sent is still his; what is said to be sold after it is nobody's.
    expect(await sold({ sold_at: before })).toBe('Cem');
    expect(await sold({ sold_at: new Date(Date.now() + 60_000).toISOString() })).toBe(422);
    expect((await ask('/till/catalog', cookie)).status).toBe(200);
    const { branches } = await json('/till/catalog', cookie);
    expect(branches).toHaveLength(1);
  });

  test('who is ended is out at once: sessions, and the stream that is open', async () => {
    const cookie = await logIn(PASSWORD, 'Mia');
    const stream = await ask('/api/live', cookie);
    expect(stream.status).toBe(200);
    const ended = new Response(stream.body).text();
    expect(await npmRun(own.stack.env, ['users', 'end', 'Mia'])).toMatchObject({ code: 0 });
    await eventually(async () => expect((await ask('/api/kpis', cookie)).status).toBe(401));
    await ended;
    expect(await logIn(PASSWORD, 'Mia')).toBe('');
  });

  test('the owner makes and ends users on a page, and reads in the audit log who did what', async () => {
    const cookie = await owner();
    const options = { bypassCSP: true, viewport: { width: 1312, height: 900 } };
    const url = `${own.stack.dashboard}/users`;
    const { context, page, faults } = await openPage(own.browser, url, options, withCookie(cookie));
    expect(await axeFindings(page)).toEqual([]);
    const form = page.getByTestId('make-user');
    await form.locator('[name="name"]').fill('Ida');
    await form.locator('[name="pin"]').fill('1111');
    await form.getByRole('checkbox').first().check();
    await form.getByRole('button').click();
    expect(await page.getByTestId('users-fault').textContent()).toBe('PIN: this PIN is guessed first: take another');
    await form.locator('[name="name"]').fill('Ida');
    await form.locator('[name="pin"]').fill('8642');
    await form.getByRole('checkbox').first().check();
    await form.getByRole('button').click();
    expect(await page.getByTestId('users-done').textContent()).toBe('Ida is made.');
    const ida = page.locator('[data-user="Ida"]');
    await ida.locator('summary').click();
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/users.png`, fullPage: true });
    await ida.getByTestId('end-user').click();
    expect(await page.getByTestId('users-done').textContent()).toBe('Ida is ended.');
    expect(await ida.count()).toBe(0);

    await page.goto(`${own.stack.dashboard}/audit`);
    const actions = () =>
      page.locator('[data-action]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-action')));
    expect((await actions()).slice(0, 3)).toEqual(['user ended', 'user made', 'login']);
    for (const width of [1312, 360]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await axeFindings(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      if (process.env.PICTURES)
        await page.screenshot({ path: `${process.env.PICTURES}/audit-${width}.png`, fullPage: true });
    }
    await page.getByTestId('audit-action').selectOption('PIN refused');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL('**action=PIN**');
    expect(new Set(await actions())).toEqual(new Set(['PIN refused']));
    expect(faults.filter((fault) => !fault.includes('422'))).toEqual([]);
    await context.close();
    const csv = await (await ask('/audit/csv?text=ida', cookie)).text();
    expect(
      csv
        .split('\r\n')
        .slice(0, 3)
        .map((line) => line.split(',').slice(1, 5).join()),
    ).toEqual(['who,role,action,subject', 'owner,owner,user ended,Ida', 'owner,owner,user made,Ida']);
    expect(csv).not.toContain('scrypt');
    expect((await ask('/audit?below=x&action=y&first=z', cookie, 'text/html')).status).toBe(200);
  });

  test('a new PIN is set by the owner; the audit log has the login that was refused, without what was typed for a name', async () => {
    await logIn('a password for a name', 'hunter2 hunter2');
    await withPool(async (pool) => {
      await setSecrets(pool, 'Cem', { pin: '97531' });
      const { rows } = await pool.query("select l::text as line from audit_log l where action = 'login refused'");
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.filter(({ line }) => line.includes('hunter2'))).toEqual([]);
    });
  });
};
