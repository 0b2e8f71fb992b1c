import pg from 'pg';
import { expect, test } from 'vitest';
import { isPassing } from './postgres.ts';

const sql = (code: string) => Object.assign(new pg.DatabaseError('it failed', 0, 'error'), { code });
const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND db'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });

test.each([
  ['a name that is not known for a while', notFound],
  ['a primary that was demoted to read only', sql('25006')],
  ['a deadlock', sql('40P01')],
  ['a serialisation failure', sql('40001')],
])('%s passes: the batch is sent again', (_what, error) => expect(isPassing(error)).toBe(true));

test.each(['23505', '22P02'])('%s does not pass', (code) => expect(isPassing(sql(code))).toBe(false));
