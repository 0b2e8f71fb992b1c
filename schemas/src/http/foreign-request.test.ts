import { expect, test } from 'vitest';
import { foreignRequest } from './foreign-request.ts';

const LOCAL = { anyHost: false };
const PROXIED = { anyHost: true };
const ask = (headers: Record<string, string>, method = 'GET') => ({ method, headers });

test('without a proxy only loopback names are answered', () => {
  for (const host of ['localhost', 'LOCALHOST:4000', '127.0.0.1:4000', '127.8.9.1', '[::1]:4000']) {
    expect(foreignRequest(ask({ host }), LOCAL), host).toBeUndefined();
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    'a@localhost',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '',
  ]) {
    expect(foreignRequest(ask({ host }), LOCAL), host).toContain('loopback names');
    expect(foreignRequest(ask({ host }), PROXIED), host).toBeUndefined();
  }
  // HTTP/1.0, which no browser speaks.
  expect(foreignRequest(ask({}), LOCAL)).toBeUndefined();
});

test('what a page of another site sends is refused, a link to a page is not', () => {
  const image = {
    host: 'localhost',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'no-cors',
    'sec-fetch-dest': 'image',
  };
  const link = { ...image, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const frame = { ...link, 'sec-fetch-dest': 'iframe' };
  for (const reach of [LOCAL, PROXIED]) {
    for (const headers of [image, link, frame]) {
      expect(foreignRequest(ask(headers), reach)).toContain('another site');
    }
    expect(foreignRequest(ask(link), { ...reach, pages: true })).toBeUndefined();
    expect(foreignRequest(ask(link, 'POST'), { ...reach, pages: true })).toContain('another site');
    expect(foreignRequest(ask(frame), { ...reach, pages: true })).toContain('another site');
    expect(foreignRequest(ask({ host: 'localhost', 'sec-fetch-site': 'same-origin' }), reach)).toBeUndefined();
  }
});

test('an Origin is of this machine, or behind a proxy that of the host', () => {
  const post = (host: string, origin: string) => ask({ host, origin }, 'POST');
  expect(foreignRequest(post('localhost:4000', 'http://localhost:3000'), LOCAL)).toBeUndefined();
  expect(foreignRequest(post('localhost:4000', 'http://evil.example'), LOCAL)).toContain('another site');
  expect(foreignRequest(post('localhost:4000', 'null'), LOCAL)).toContain('another site');
  expect(foreignRequest(post('shop.example:8443', 'https://shop.example:8443'), PROXIED)).toBeUndefined();
  expect(foreignRequest(post('shop.example', 'https://evil.example'), PROXIED)).toContain('another site');
});
