import { randomBytes, randomUUID } from 'node:crypto';
import { purchaseResponse } from '@tillstream/schemas/api';
import type { Ask } from '../client.ts';
import type { Scene } from '../scene.ts';

/** Sets the owner's password, logs in through the proxy, reads figures, sells at the page's till and logs out. */
export const owner = async ({ stack, client, book }: Scene): Promise<string> => {
  const password = randomBytes(18).toString('base64url');
  await stack.operateWith({ input: { text: `${password}\n` } }, 'node', 'pos-api/src/users/password-main.ts');

  const ask = async (wanted: number, method: string, path: string, options: Ask = {}) => {
    const answer = await client.ask(method, path, { anonymous: true, ...options });
    if (answer.status !== wanted) throw new Error(`${method} ${path}: ${answer.status}, not ${wanted}: ${answer.text}`);
    return answer;
  };
  const form = (text: string, cookie = ''): Ask => ({
    body: text,
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Accept: 'text/html',
      Origin: client.url,
      Cookie: cookie,
    },
  });
  const toLogin = await ask(303, 'GET', '/', { headers: { Accept: 'text/html' } });
  if (toLogin.headers.location !== '/login') throw new Error(`/ leads to ${toLogin.headers.location}`);
  await ask(401, 'POST', '/login?/in', form('password=not-the-password'));
  await ask(403, 'POST', '/login?/in', {
    ...form(`password=${password}`),
    headers: { Origin: 'https://elsewhere.example' },
  });

  const welcome = await ask(303, 'POST', '/login?/in', form(`password=${password}`));
  const [cookie = ''] = [welcome.headers['set-cookie']].flat();
  if (!/; Secure/i.test(cookie) || !/; HttpOnly/i.test(cookie)) throw new Error(`the cookie is ${cookie}`);
  const session = { Cookie: cookie.split(';')[0] ?? '' };
  await ask(200, 'GET', '/api/kpis', { headers: session });
  await ask(200, 'GET', '/', { headers: { ...session, Accept: 'text/html' } });

  const [branch = ''] = book.branches();
  const products = ['milk'];
  const sold = await ask(201, 'POST', '/till/purchases', {
    key: randomUUID(),
    body: JSON.stringify({ branch_id: branch, items: products.map((product_id) => ({ product_id, quantity: 1 })) }),
    headers: { ...session, Origin: client.url },
  });
  const { purchase_id, total_minor } = purchaseResponse.parse(JSON.parse(sold.text));
  book.note(purchase_id, { branch, customer: undefined, products, totalMinor: total_minor });
  return 'password set, a wrong one refused, logged in with a Secure and HttpOnly cookie, figures read, one sale at /till';
};
