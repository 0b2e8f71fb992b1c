import { expect, inject, test } from 'vitest';
import { connectPostgres, isUnavailable } from './database.ts';

test('a connection that is in use for too long is closed, its query fails as unavailable, and another takes its place', async () => {
  const pool = connectPostgres(inject('postgresUrl'), 'test', 1, { giveUpMs: 500 });
  try {
    const began = performance.now();
    const slow = pool.query('select pg_sleep(30)').catch((error: unknown) => error);
    const quick = pool.query('select 1 as one');
    expect(isUnavailable(await slow)).toBe(true);
    expect(performance.now() - began).toBeGreaterThan(450);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect((await quick).rows).toEqual([{ one: 1 }]);
  } finally {
    await pool.end();
  }
});

test('one that is used again and again is left alone', async () => {
  const pool = connectPostgres(inject('postgresUrl'), 'test', 1, { giveUpMs: 300 });
  try {
    const pid = async () => (await pool.query('select pg_backend_pid() as pid')).rows[0]?.pid;
    const first = await pid();
    for (let n = 0; n < 8; n++) await pool.query('select pg_sleep(0.1)');
    expect(await pid()).toBe(first);
  } finally {
    await pool.end();
  }
});
