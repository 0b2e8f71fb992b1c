import type pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { makeDatabase, type TestDatabase } from '../../../../tests/support/database.ts';
import { eventually } from '../../../../tests/support/eventually.ts';
import { put as putIn, relaying as relayingFrom, untilEmpty, waiting as waitingIn } from '../../../test/outbox.ts';
import type { Publisher } from '../publishers/publisher.ts';
import { CLAIM } from './claim.ts';

const ROWS_PER_INSERT = 1_000;
const BYTES = 800;

let database: TestDatabase;
beforeEach(async () => {
  database = await makeDatabase(inject('postgresUrl'));
});
afterEach(() => database.pool.end());

const publisher: Publisher = { publish: async () => undefined, close: async () => undefined };
const relaying = (during: () => Promise<void>) => relayingFrom(database.url, [publisher], during);
const put = (rows: number) => putIn(database.pool, 'k', rows, { bytes: BYTES });
const waiting = () => waitingIn(database.pool);
/** Megabytes of the table with its index. */
const size = async (): Promise<number> =>
  (await database.pool.query("select pg_total_relation_size('outbox')::float8 / 1e6 as mb")).rows[0]?.mb;

test('the outbox stays small however much goes through it, without waiting for autovacuum', async () => {
  await database.pool.query('alter table outbox set (autovacuum_enabled = false)');
  let largest = 0;
  await relaying(async () => {
    for (let put_ = 0; put_ < 160_000; put_ += ROWS_PER_INSERT) {
      await put(ROWS_PER_INSERT);
      // As much as tills do: the relay keeps up.
      await eventually(async () => expect(await waiting()).toBeLessThan(10_000));
      largest = Math.max(largest, await size());
    }
    await untilEmpty(database.pool);
  });
  // 160,000 rows of 0.8 kB are 140 MB.
  expect(largest).toBeLessThan(100);
}, 120_000);

const plan = z.object({ 'Shared Hit Blocks': z.number(), 'Shared Read Blocks': z.number() });

/** Pages that a claim above a number looks at. */
const pagesOfClaim = async (client: pg.ClientBase, from: number): Promise<number> => {
  await client.query('begin');
  const { rows } = await client.query(`explain (analyze, buffers, format json) ${CLAIM}`, [from, 4_000, 4_000_000]);
  await client.query('rollback');
  const top = plan.parse(rows[0]['QUERY PLAN'][0].Plan);
  return top['Shared Hit Blocks'] + top['Shared Read Blocks'];
};

test('a claim does not walk over dead rows, not even while an old transaction keeps them', async () => {
  const old = await database.pool.connect();
  await old.query('begin isolation level repeatable read');
  await old.query('select count(*) from outbox');
  await relaying(async () => {
    for (let n = 0; n < 40; n++) await put(ROWS_PER_INSERT);
    await untilEmpty(database.pool);
  });
  await put(1);
  const { rows } = await old.query(
    "select last_value::int as highest from pg_sequences where sequencename = 'outbox_id_seq'",
  );
  const client = await database.pool.connect();
  const sweep = await pagesOfClaim(client, 0);
  const claim = await pagesOfClaim(client, rows[0].highest - 1 - 2_000);
  expect(sweep).toBeGreaterThan(4_000);
  expect(claim).toBeLessThan(sweep / 10);

  await old.query('commit');
  old.release();
  // Nobody keeps them any more: the first scan marks what is dead, and a vacuum takes it out.
  await client.query('vacuum outbox');
  expect(await pagesOfClaim(client, 0)).toBeLessThan(50);
  client.release();
}, 60_000);
