import { SettingsError } from '@tillstream/schemas/settings';
import { expect, it } from 'vitest';
import { answersAnyHost, loginIsOn } from './settings.ts';

it('on loopback nobody logs in unless told so', () => {
  expect(loginIsOn({ HOST: '127.0.0.1' })).toBe(false);
  expect(loginIsOn({ HOST: '127.0.0.1', DASHBOARD_LOGIN: 'off' })).toBe(false);
  expect(loginIsOn({ HOST: '::1', DASHBOARD_LOGIN: 'on' })).toBe(true);
});

it('elsewhere the owner always does', () => {
  expect(loginIsOn({ HOST: '0.0.0.0' })).toBe(true);
  expect(() => loginIsOn({ HOST: '0.0.0.0', DASHBOARD_LOGIN: 'off' })).toThrow(SettingsError);
});

it('any host is answered behind a proxy and off loopback only', () => {
  expect(answersAnyHost({ HOST: '127.0.0.1' }, { PROTOCOL_HEADER: 'x-own-protocol' })).toBe(false);
  expect(answersAnyHost({ HOST: '127.0.0.1' }, { HOST_HEADER: 'x-forwarded-host' })).toBe(true);
  expect(answersAnyHost({ HOST: '127.0.0.1' }, { ORIGIN: 'https://shop.example' })).toBe(true);
  expect(answersAnyHost({ HOST: '0.0.0.0' }, {})).toBe(true);
});
