import { SettingsError } from '@tillstream/schemas/settings';
import { expect, it } from 'vitest';
import { loginIsOn } from './settings.ts';

it('on loopback nobody logs in unless told so', () => {
  expect(loginIsOn({ HOST: '127.0.0.1' })).toBe(false);
  expect(loginIsOn({ HOST: '127.0.0.1', DASHBOARD_LOGIN: 'off' })).toBe(false);
  expect(loginIsOn({ HOST: '::1', DASHBOARD_LOGIN: 'on' })).toBe(true);
});

it('elsewhere the owner always does', () => {
  expect(loginIsOn({ HOST: '0.0.0.0' })).toBe(true);
  expect(() => loginIsOn({ HOST: '0.0.0.0', DASHBOARD_LOGIN: 'off' })).toThrow(SettingsError);
});
