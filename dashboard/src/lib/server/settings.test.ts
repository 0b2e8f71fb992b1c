import { SettingsError } from '@tillstream/schemas/settings';
import { expect, it } from 'vitest';
import { sessionSecretOf } from './settings.ts';

const DASHBOARD_SESSION_SECRET = 's'.repeat(32);

it('on loopback nobody logs in unless told so', () => {
  expect(sessionSecretOf({ HOST: '127.0.0.1' })).toBeUndefined();
  expect(sessionSecretOf({ HOST: '127.0.0.1', DASHBOARD_LOGIN: 'off', DASHBOARD_SESSION_SECRET })).toBeUndefined();
  expect(sessionSecretOf({ HOST: '::1', DASHBOARD_LOGIN: 'on', DASHBOARD_SESSION_SECRET })).toBe(
    DASHBOARD_SESSION_SECRET,
  );
});

it('elsewhere the owner always does', () => {
  expect(sessionSecretOf({ HOST: '0.0.0.0', DASHBOARD_SESSION_SECRET })).toBe(DASHBOARD_SESSION_SECRET);
  expect(() => sessionSecretOf({ HOST: '0.0.0.0', DASHBOARD_LOGIN: 'off' })).toThrow(SettingsError);
});

it('needs a secret that is long enough, and never tells it', () => {
  expect(() => sessionSecretOf({ HOST: '0.0.0.0' })).toThrow('is missing');
  const short = () => sessionSecretOf({ HOST: '0.0.0.0', DASHBOARD_SESSION_SECRET: 'hush-hush' });
  expect(short).toThrow('has 9 characters');
  expect(short).not.toThrow('hush-hush');
});
