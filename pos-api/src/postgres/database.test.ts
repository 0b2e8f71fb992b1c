import pg from 'pg';
import { expect, test } from 'vitest';
import { isUnavailable, UnavailableError } from './database.ts';

const sql = (code: string) => Object.assign(new pg.DatabaseError('it failed', 0, 'error'), { code });
const system = (code: string, syscall = 'connect') => Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

const AWAY = [
  ...['08006', '28P01', '3D000', '53100', '53300', '57014', '57P01', '57P02', '57P03', '57P05'].map(sql),
  ...['58030', '25006', '55P03', '42P01', '42883'].map(sql),
  ...['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EPIPE', 'ENOENT'].map((code) =>
    system(code),
  ),
  ...['ENOTFOUND', 'EAI_AGAIN'].map((code) => system(code, 'getaddrinfo')),
  new AggregateError([system('ECONNREFUSED'), system('ENETUNREACH')]),
  Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' }),
  new Error('Connection terminated unexpectedly'),
  new Error('timeout exceeded when trying to connect'),
  new Error('The server does not support SSL connections'),
  new UnavailableError('Postgres does not answer'),
];

test.each(AWAY.map((error) => ['code' in error ? String(error.code) : error.message, error] as const))(
  '%s: Postgres is away',
  (_code, error) => expect(isUnavailable(error)).toBe(true),
);

test.each(['22P02', '23505', '23514', '42703', 'P0001', 'XX000'])('%s: Postgres is there', (code) => {
  expect(isUnavailable(sql(code))).toBe(false);
});

test('an error of our own is not a Postgres that is away', () => {
  expect(isUnavailable(new TypeError('x is not a function'))).toBe(false);
});
