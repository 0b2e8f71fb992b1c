import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createKey } from '@tillstream/pos-api/keys/api-keys';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { addUser } from '@tillstream/pos-api/users/users';
import { expect, test } from 'vitest';
import { axeFindings, openPage } from '../support/browser/page.ts';
import { LOGIN_ON, setPassword } from '../support/browser/password.ts';
import { payByCard, setUpTill } from '../support/browser/till.ts';
import { eventually } from '../support/eventually.ts';
import { ownStack } from '../support/own-stack.ts';
import { freePort } from '../support/ports.ts';
import { testWalls } from './walls.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PASSWORD = 'the owner knows it';
const NEXT_PASSWORD = 'something new & longer';
const CLOSED = ['/', '/products', '/products/milk', '/customers', '/branches', '/pipeline', '/till'];
const CLOSED_DATA = [
  ...['/api/kpis', '/api/health', '/api/live', '/api/reconciliation', '/api/no-such', '/till/catalog'],
  ...['/customers/__data.json', '/__data.json'],
];

const own = ownStack((place) => {
  Object.assign(place.env, LOGIN_ON);
  return ['--no-tills'];
});

/** Logs in by hand; gives the cookie and what came with it. */
const logIn = async (password: string, name?: string) => {
  const response = await fetch(`${own.stack.dashboard}/login?/in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: own.stack.dashboard, accept: 'text/html' },
    body: new URLSearchParams({ password, ...(name !== undefined && { name }) }),
  });
  const given = response.headers.get('set-cookie') ?? '';
  return {
    status: response.status,
    given,
    cookie: given.split(';')[0] ?? '',
    wait: response.headers.get('retry-after'),
  };
};
const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${own.stack.dashboard}${path}`, { redirect: 'manual', headers });

test('without a password nobody gets in, and the page names the command', async () => {
  const { context, page, faults } = await openPage(own.browser, own.stack.dashboard, { bypassCSP: true });
  expect(await page.getByTestId('no-password').textContent()).toContain('npm run password');
  expect(await axeFindings(page)).toEqual([]);
  expect(faults).toEqual([]);
  await context.close();
  expect(await setPassword(own.stack.env, 'too short')).toEqual({
    code: 1,
    output: 'it must have 12 characters or more\n',
  });
  const { code, output } = await setPassword(own.stack.env, PASSWORD);
  expect({ code, output }).toEqual({ code: 0, output: 'The password is set.\n' });
});

test('no figure without a login: pages lead to it, everything else is 401', async () => {
  for (const path of CLOSED) {
    const page = await ask(path, { accept: 'text/html' });
    expect([page.status, page.headers.get('location')]).toEqual([
      303,
      path === '/' ? '/login' : `/login?next=${encodeURIComponent(path)}`,
    ]);
    expect((await ask(path, { accept: 'application/json' })).status).toBe(401);
  }
  for (const path of CLOSED_DATA) {
    const response = await ask(path);
    const text = await response.text();
    expect(text).not.toMatch(/revenue|purchases|minor/);
    if (path.includes('__data')) expect(JSON.parse(text)).toMatchObject({ type: 'redirect' });
    else expect([response.status, response.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
  }
  const post = await fetch(`${own.stack.dashboard}/till/purchases`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'login-test' },
    body: '{}',
  });
  expect(post.status).toBe(401);
  expect((await ask('/healthz')).status).toBe(200);
});

test('the owner logs in, lands where they wanted to go, sees the figures live, and logs out', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const options = { colorScheme, bypassCSP: true, viewport: { width: 360, height: 740 } };
    const { context, page, faults } = await openPage(
      own.browser,
      `${own.stack.dashboard}/products?period=all`,
      options,
    );
    expect(new URL(page.url()).pathname).toBe('/login');
    expect(await axeFindings(page)).toEqual([]);
    await page.getByTestId('password').fill('not the password');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="fault"]');
    expect(await axeFindings(page)).toEqual([]);
    await page.getByTestId('password').fill(PASSWORD);
    await page.getByTestId('login').click();
    await page.waitForURL('**/products?period=all');
    await page.waitForSelector('[data-testid="products"] tbody tr');
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.waitForSelector('[data-testid="status"][data-value="live"]');
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', secure: false });
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.getByTestId('logout').click();
    await page.waitForURL('**/login');
    // Over on the server, too: a copy of the cookie opens nothing.
    expect((await ask('/api/kpis', { cookie: `${cookie?.name}=${cookie?.value}` })).status).toBe(401);
    await page.goto(`${own.stack.dashboard}/customers`);
    expect(new URL(page.url()).pathname).toBe('/login');
    // The browser itself notes the answer 401 to the wrong password.
    expect(faults.filter((fault) => !fault.includes('401'))).toEqual([]);
    await context.close();
  }
});

test('a cookie opens pages and figures; a made-up one does not; no address leads elsewhere after the login', async () => {
  const { cookie, given } = await logIn(PASSWORD);
  expect(given).toMatch(/HttpOnly/i);
  expect((await ask('/api/kpis', { cookie })).status).toBe(200);
  expect((await ask('/', { cookie, accept: 'text/html' })).status).toBe(200);
  expect((await ask('/login?next=//example.org', { cookie })).headers.get('location')).toBe('/');
  expect((await ask('/login?next=/%5Cexample.org', { cookie })).headers.get('location')).toBe('/');
  expect((await ask('/login?next=/products', { cookie })).headers.get('location')).toBe('/products');
  const [name, session = ''] = cookie.split('=');
  for (const forged of [`${session}A`, session.toLowerCase(), 'A'.repeat(43), 'nonsense', '']) {
    expect((await ask('/api/kpis', { cookie: `${name}=${forged}` })).status).toBe(401);
  }
});

test('behind a proxy that speaks HTTPS the cookie is for HTTPS alone, and attempts count by the address it tells', async () => {
  const port = String(await freePort());
  const env = {
    ...process.env,
    ...own.stack.env,
    POSTGRES_URL: own.stack.postgres,
    DASHBOARD_PORT: port,
    HOST: '0.0.0.0',
    PROTOCOL_HEADER: 'x-forwarded-proto',
    HOST_HEADER: 'x-forwarded-host',
    ADDRESS_HEADER: 'x-forwarded-for',
  };
  const run = (more: Record<string, string> = {}) => {
    const child = spawn(process.execPath, ['server.mjs'], { cwd: `${ROOT}dashboard`, env: { ...env, ...more } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    return { child, output: () => output };
  };
  for (const [name, value] of Object.entries({ DASHBOARD_LOGIN: 'off', DASHBOARD_SESSION_IDLE_HOURS: '0' })) {
    const { child, output } = run({ [name]: value });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(output()).toMatch(/^Bad setting: DASHBOARD_[^\n]+\n$/);
  }
  const { child } = run();
  const proxied = (address: string, password: string) =>
    fetch(`http://127.0.0.1:${port}/login?/in`, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'https://shop.example',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'shop.example',
        'x-forwarded-for': address,
      },
      body: new URLSearchParams({ password }),
    });
  await eventually(() => fetch(`http://127.0.0.1:${port}/healthz`));
  for (let n = 0; n < 6; n++) await proxied('192.0.2.1', 'a password that is wrong');
  const entered = await proxied('192.0.2.2', PASSWORD);
  expect(entered.headers.get('set-cookie')).toMatch(
    /^__Host-tillstream_session=[\w-]{43};(?!.*Domain).* Path=\/;.* Secure/,
  );
  expect(entered.headers.get('strict-transport-security')).toContain('max-age=');
  // A session of one replica is good at the next.
  const cookie = entered.headers.get('set-cookie')?.split(';')[0]?.replace('__Host-', '') ?? '';
  expect((await ask('/api/kpis', { cookie })).status).toBe(200);
  expect((await proxied('192.0.2.1', PASSWORD)).headers.get('set-cookie')).toBeNull();
  child.kill();
  // Nobody talks a server that stands behind no proxy into believing in one.
  const direct = await ask('/healthz', { 'x-forwarded-proto': 'https', 'x-own-protocol': 'https' });
  expect(direct.headers.get('strict-transport-security')).toBeNull();
});

test('forms and sales of another site are refused', async () => {
  const { cookie } = await logIn(PASSWORD);
  const foreign = { cookie, origin: 'https://example.org' };
  const sale = await fetch(`${own.stack.dashboard}/till/purchases`, {
    method: 'POST',
    headers: { ...foreign, 'content-type': 'application/json', 'idempotency-key': 'foreign' },
    body: JSON.stringify({ branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] }),
  });
  expect(sale.status).toBe(403);
  const out = await fetch(`${own.stack.dashboard}/login?/out`, {
    method: 'POST',
    headers: { ...foreign, 'content-type': 'application/x-www-form-urlencoded' },
    body: '',
  });
  expect(out.status).toBe(403);
});

test('a key with the scope read opens the read API alone', async () => {
  const db = connectPostgres(own.stack.postgres, 'test', 1);
  const bearer = async (scopes: ('read' | 'post')[], branch_id: string | null = null) => ({
    authorization: `Bearer ${(await createKey(db, { name: 'test', branch_id, scopes })).key}`,
  });
  const [read, post, branch] = [await bearer(['read']), await bearer(['post']), await bearer(['read'], 'SMKT001')];
  await eventually(async () => expect((await ask('/api/kpis', read)).status).toBe(200));
  expect((await ask('/api/kpis', post)).status).toBe(403);
  expect((await ask('/api/kpis', branch)).status).toBe(403);
  expect((await ask('/', read)).status).toBe(401);
  expect((await ask('/till/catalog', read)).status).toBe(401);
  await db.query('update api_keys set revoked_at = now()');
  await eventually(async () => expect((await ask('/api/kpis', read)).status).toBe(401));
  await db.end();
});

test('a new password ends every session, and the streams that are open', async () => {
  const { cookie } = await logIn(PASSWORD);
  const stream = await ask('/api/live', { cookie });
  expect(stream.status).toBe(200);
  const ended = new Response(stream.body).text();
  const { context, page } = await openPage(own.browser, own.stack.dashboard);
  await page.getByTestId('password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid="status"][data-value="live"]');
  const { output } = await setPassword(own.stack.env, NEXT_PASSWORD);
  expect(output).toContain('changed');
  await ended;
  // The open page finds out by itself and asks to log in.
  await page.waitForURL('**/login**', { timeout: 30_000 });
  await context.close();
  expect((await ask('/api/kpis', { cookie })).status).toBe(401);
  const again = await logIn(NEXT_PASSWORD);
  expect((await ask('/api/kpis', { cookie: again.cookie })).status).toBe(200);
});

test('a till whose session is over keeps its sales and says so', async () => {
  const { context, page } = await openPage(own.browser, `${own.stack.dashboard}/till`);
  await page.getByTestId('password').fill(NEXT_PASSWORD);
  await page.keyboard.press('Enter');
  await setUpTill(page, 'SMKT001');
  await context.clearCookies();
  await page.locator('[data-product="milk"]').click();
  await payByCard(page);
  await page.waitForSelector('[data-testid="till-logged-out"]');
  expect(await page.getByTestId('till-waiting').getAttribute('data-value')).toBe('1');
  await page.getByTestId('till-logged-out').getByRole('link').click();
  await page.getByTestId('password').fill(NEXT_PASSWORD);
  await page.keyboard.press('Enter');
  await eventually(async () => expect(await page.getByTestId('till-waiting').getAttribute('data-value')).toBe('0'));
  await context.close();
});

test('a cashier signs in at the till with their PIN; what they sell is theirs, also without a network', async () => {
  const db = connectPostgres(own.stack.postgres, 'test', 1);
  await addUser(db, { name: 'Greta', role: 'cashier', branch_ids: ['SMKT003'], pin: '4711' });
  const { context, page } = await openPage(own.browser, `${own.stack.dashboard}/till`);
  await page.getByTestId('password').fill(NEXT_PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByTestId('till-branch').selectOption('SMKT003');
  await page.getByTestId('cashier-name').selectOption('Greta');
  await page.getByTestId('cashier-pin').fill('1234');
  await page.getByTestId('sign-in').click();
  await page.getByTestId('sign-in-fault').waitFor();
  await page.getByTestId('cashier-pin').fill('4711');
  await page.getByTestId('sign-in').click();
  await page.getByTestId('place').waitFor();
  await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
  await context.setOffline(true);
  await page.reload();
  expect(await page.getByTestId('place').innerText()).toContain('Greta');
  await page.locator('[data-product="milk"]').click();
  await payByCard(page);
  await context.setOffline(false);
  await eventually(
    async () => expect(await page.getByTestId('till-waiting').getAttribute('data-value')).toBe('0'),
    60_000,
  );
  const { rows } = await db.query(
    "select cashier from purchases where branch_id = 'SMKT003' and receipt_number like 'SMKT003-%-000001'",
  );
  expect(rows).toEqual([{ cashier: 'Greta' }]);
  await page.getByTestId('place').click();
  await page.getByTestId('sign-out').click();
  await page.getByTestId('cashier-name').waitFor();
  await Promise.all([context.close(), db.end()]);
});

testWalls(
  own,
  async (password, name) => (await logIn(password, name)).cookie,
  async () => (await logIn(NEXT_PASSWORD)).cookie,
);

// Last: it uses up the attempts of this address.
test('who tries many passwords has to wait, with the right one too', async () => {
  const tries = [];
  for (let n = 0; n < 8; n++) tries.push(await logIn('a password that is wrong'));
  expect(tries.some(({ status }) => status === 401)).toBe(true);
  const last = tries.at(-1);
  expect(last?.status).toBe(429);
  expect(Number(last?.wait)).toBeGreaterThan(0);
  expect((await logIn(NEXT_PASSWORD)).status).toBe(429);
});
