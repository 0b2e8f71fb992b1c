import type pg from 'pg';
import { expect, inject, test } from 'vitest';
import { makeDatabase } from '../../../tests/support/database.ts';
import { eventually } from '../../../tests/support/eventually.ts';
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

test('a backend that waits for a lock ends with its client, or when its time is up', async () => {
  const database = await makeDatabase(inject('postgresUrl'));
  const waiting = async () =>
    (
      await database.pool.query(
        "select from pg_stat_activity where application_name = 'gone' and wait_event_type = 'Lock' and datname = current_database()",
      )
    ).rowCount;
  const holder = await database.pool.connect();
  const gone = connectPostgres(database.url, 'gone', 1);
  const patient = connectPostgres(database.url, 'patient', 1, { lockMs: 100 });
  try {
    await holder.query('begin; select from chain_settings for update');
    const client: { connection?: { stream: { destroy(): void } } } & pg.PoolClient = await gone.connect();
    client.on('error', () => undefined);
    const lost = client.query('select from chain_settings for update').catch(() => 'lost');
    await eventually(async () => expect(await waiting()).toBe(1));
    client.connection?.stream.destroy();
    expect(await lost).toBe('lost');
    await eventually(async () => expect(await waiting()).toBe(0), 10_000);
    client.release(true);
    const late = await patient.query('select from chain_settings for update').catch((error: unknown) => error);
    expect(isUnavailable(late)).toBe(true);
  } finally {
    await holder.query('rollback');
    holder.release();
    await Promise.all([gone.end(), patient.end()]);
    await database.pool.end();
  }
});
