import { randomUUID } from 'node:crypto';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { addProducts } from '@tillstream/pos-api/catalog';
import { type PurchaseInput, recordPurchases } from '@tillstream/pos-api/record-purchases';
import { directPublisher } from '@tillstream/pos-api/relay/publishers/direct-publisher';
import { kafkajsPublisher } from '@tillstream/pos-api/relay/publishers/kafkajs-publisher';
import type { Publisher } from '@tillstream/pos-api/relay/publishers/publisher';
import { runRelay } from '@tillstream/pos-api/relay/relay';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { readArrivals } from '../../dashboard/src/lib/server/questions/pipeline/arrivals.ts';
import { makeDatabase, purchase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

const brokers = inject('kafkaBrokers');
const quiet = { info: () => undefined, warn: () => undefined };
let database: TestDatabase;
let clickhouse: ClickHouse;

beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
  clickhouse = connectClickHouse(inject('clickhouseUrl'), 'test');
  await migrateClickHouse(clickhouse, brokers);
});
afterAll(async () => {
  await clickhouse.command('DROP VIEW IF EXISTS bronze.queue_mv');
  await clickhouse.command('DROP TABLE IF EXISTS bronze.queue SYNC');
  await Promise.all([database.pool.end(), clickhouse.close()]);
});

const figures = (ids: string[]) =>
  clickhouse.row({
    name: 'figures',
    sql: `SELECT count() AS purchases, sum(total_minor) AS revenue, sum(units) AS items, uniqExact(customer_id) AS customers
          FROM gold.purchases WHERE purchase_id IN {ids:Array(UUID)}`,
    params: { ids },
    row: z.object({ purchases: z.number(), revenue: z.number(), items: z.number(), customers: z.number() }),
  });

const record = async (count: number, customer_id: string | null = null, replaced: Partial<PurchaseInput> = {}) => {
  const answers = await recordPurchases(
    database.pool,
    Array.from({ length: count }, () => purchase({ customer_id, ...replaced })),
  );
  return answers.map((answer) => (answer.outcome === 'recorded' ? answer.purchase_id : ''));
};

/** Runs relays until the outbox is empty. */
const relayAll = async (publishers: Publisher[]) => {
  const stop = new AbortController();
  const running = publishers.map((publisher) => runRelay(database.url, publisher, quiet, stop.signal));
  await eventually(async () => {
    const { rows } = await database.pool.query('select count(*)::int as waiting from outbox');
    expect(rows[0]?.waiting).toBe(0);
  });
  stop.abort();
  await Promise.all(running);
};

/** Sends everything twice, as a relay does that dies between send and delete. */
const twice = (publisher: Publisher): Publisher => ({
  publish: async (events) => {
    await publisher.publish(events);
    await publisher.publish(events);
  },
  close: () => publisher.close(),
});

/** Fails every other time, after it has sent. */
const unreliable = (publisher: Publisher): Publisher => {
  let calls = 0;
  return {
    publish: async (events) => {
      await publisher.publish(events);
      calls += 1;
      if (calls % 2 === 1) throw new Error('the acknowledgement was lost');
    },
    close: () => publisher.close(),
  };
};

describe.each([
  ['straight into ClickHouse', () => directPublisher(inject('clickhouseUrl')), false],
  ['through the broker', () => kafkajsPublisher(brokers ?? ''), brokers === undefined],
] as const)('from the outbox to gold, %s', (_road, connect, skipped) => {
  test.skipIf(skipped)('each purchase counts once however often it was sent', async () => {
    const customer = randomUUID();
    const ids = await record(25, customer);
    const publishers = [twice(connect()), unreliable(connect())];
    await relayAll(publishers);
    await eventually(async () =>
      expect(await figures(ids)).toEqual({ purchases: 25, revenue: 25 * 470, items: 50, customers: 1 }),
    );
    // Let the repeats arrive, too.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await figures(ids)).toEqual({ purchases: 25, revenue: 25 * 470, items: 50, customers: 1 });
    await Promise.all(publishers.map((publisher) => publisher.close()));
  });

  test.skipIf(skipped)('a void takes a purchase out of the figures and of its customer', async () => {
    const customer = randomUUID();
    const ids = await record(3, customer);
    const publisher = connect();
    await relayAll([publisher]);
    await eventually(async () => expect(await figures(ids)).toMatchObject({ purchases: 3 }));
    await database.pool.query('select void_purchase($1)', [ids[1]]);
    await relayAll([publisher]);
    await eventually(async () => expect(await figures(ids)).toMatchObject({ purchases: 2, revenue: 940 }));
    const ofCustomer = () =>
      clickhouse.row({
        name: 'customer',
        sql: 'SELECT purchases, spent_minor, loyal_since FROM gold.customers WHERE customer_id = {customer:UUID}',
        params: { customer },
        row: z.object({ purchases: z.number(), spent_minor: z.number(), loyal_since: z.string().nullable() }),
      });
    // Silver's tables are filled one after the other.
    await eventually(async () =>
      expect(await ofCustomer()).toEqual({ purchases: 2, spent_minor: 940, loyal_since: null }),
    );
    // Every field of such an event is known to bronze.
    const { odd } = await clickhouse.row({
      name: 'odd events',
      sql: `SELECT count() AS odd FROM bronze.events WHERE key IN {ids:Array(String)} AND (notEmpty(unknown_fields) OR dq_status != 'ok')`,
      params: { ids },
      row: z.object({ odd: z.number() }),
    });
    expect(odd).toBe(0);
    await publisher.close();
  });
});

test('a line of kilograms is one item, whole ones too; of an event that does not say, one with decimals', async () => {
  await addProducts(database.pool, [{ product_id: 'apples', name: 'Apples', unit_price_minor: 299, unit: 'kg' }]);
  await database.pool.query('update chain_settings set max_quantity = 0');
  const [id = ''] = await record(1, null, { items: ['apples', 'milk', 'apples'], quantities: ['2', '3', '0.5'] });
  const [event] = (await takeEvents()).filter(({ key }) => key === id);
  const old = randomUUID();
  const payload = (event?.payload ?? '').replaceAll(/"unit":"(kg|piece)",/g, '').replaceAll(id, old);
  const publisher = directPublisher(inject('clickhouseUrl'));
  await publisher.publish([event ?? { id: '', key: '', payload: '' }, { id: '1', key: old, payload }]);
  expect(await figures([id])).toMatchObject({ purchases: 1, items: 5 });
  expect(await figures([old])).toMatchObject({ purchases: 1, items: 6 });
  await publisher.close();
});

/** Takes what waits in the outbox. */
const takeEvents = async () => {
  const { rows } = await database.pool.query<{ id: string; key: string; payload: string }>(
    'delete from outbox returning id, key, payload',
  );
  return rows;
};

/** Versions of the stored rows of purchases, whether they count or not. */
const stored = async (ids: string[]) =>
  (
    await clickhouse.rows({
      name: 'stored',
      sql: 'SELECT intDiv(version, 65536) AS version FROM silver.purchases WHERE purchase_id IN {ids:Array(UUID)} ORDER BY version',
      params: { ids },
      row: z.object({ version: z.int() }),
    })
  ).map(({ version }) => version);

test('what silver has stays out, in this version or a lower one, and what is new comes in', async () => {
  const publisher = directPublisher(inject('clickhouseUrl'));
  const ids = await record(3);
  const recorded = await takeEvents();
  await publisher.publish(recorded);
  await database.pool.query('select void_purchase($1)', [ids[0]]);
  const voided = await takeEvents();
  await publisher.publish(voided);
  await clickhouse.command('OPTIMIZE TABLE silver.purchases FINAL');
  expect(await stored(ids)).toEqual([1, 1, 2]);

  const [late] = await record(1);
  const arrived = [...recorded, ...voided, ...(await takeEvents())];
  await publisher.publish(arrived);
  await publisher.publish(arrived.toReversed());
  expect(await stored([...ids, late ?? ''])).toEqual([1, 1, 1, 2]);
  await publisher.close();
});

test('what is no event of ours is quarantined with its reasons and stops nothing', async () => {
  const ids = await record(1);
  const publisher = directPublisher(inject('clickhouseUrl'));
  const key = randomUUID();
  await publisher.publish([
    { id: '1', key, payload: 'no json' },
    {
      id: '2',
      key,
      payload:
        '{"specversion":"1.0","type":"pos.purchase.recorded.v1","time":"2026-01-01T00:00:00.000Z","data":{"total_minor":"x"}}',
    },
  ]);
  await relayAll([publisher]);
  await eventually(async () => expect(await figures(ids)).toMatchObject({ purchases: 1 }));
  const rows = await clickhouse.rows({
    name: 'quarantine',
    sql: 'SELECT dq_errors FROM ops.quarantine WHERE key = {key:String} ORDER BY offset',
    params: { key },
    row: z.object({ dq_errors: z.array(z.string()) }),
  });
  expect(rows[0]?.dq_errors).toEqual(['not JSON']);
  expect(rows[1]?.dq_errors).toContain('purchase_id is no UUID');
  expect(rows[1]?.dq_errors).toContain('no items');
  await publisher.close();
});

test('an empty message, and a moment that no DateTime holds, are quarantined and change no figure', async () => {
  const publisher = directPublisher(inject('clickhouseUrl'));
  const [id = ''] = await record(1, randomUUID());
  await relayAll([publisher]);
  const { payload } = await clickhouse.row({
    name: 'test',
    sql: 'SELECT any(payload) AS payload FROM bronze.events WHERE key = {id:String}',
    params: { id },
    row: z.object({ payload: z.string() }),
  });
  const event = JSON.parse(payload);
  const key = randomUUID();
  const other = (data: object) => JSON.stringify({ ...event, data: { ...event.data, purchase_id: key, ...data } });
  const years = ['1950', '2106', '2200', '9999'].map((year) => `${year}-03-01T10:00:00.000Z`);
  const payloads = [
    '',
    ...years.map((sold_at) => other({ sold_at })),
    other({ recorded_at: years[0] }),
    other({ customer: { ...event.data.customer, first_sold_at: years[2] } }),
    JSON.stringify({ ...event, time: years[3], data: { ...event.data, purchase_id: key } }),
  ];
  await publisher.publish(payloads.map((payload, n) => ({ id: String(n), key, payload })));
  const rows = await clickhouse.rows({
    name: 'quarantine',
    sql: 'SELECT dq_errors FROM ops.quarantine WHERE key = {key:String} ORDER BY offset',
    params: { key },
    row: z.object({ dq_errors: z.array(z.string()) }),
  });
  expect(rows.map(({ dq_errors }) => dq_errors.join())).toEqual([
    'empty message',
    ...years.map(() => 'sold_at is not a moment from 1970 to 2105'),
    'recorded_at is not a moment from 1970 to 2105',
    'a moment of the customer is not from 1970 to 2105',
    'time is not a moment from 1970 to 2105',
  ]);
  expect((await figures([key])).purchases).toBe(0);
  // What came lately of sales of long ago, sent again or by a stranger, says nothing of how fast sales arrive.
  await publisher.publish([{ id: '99', key, payload: JSON.stringify({ ...event, time: '2026-01-01T00:00:00.000Z' }) }]);
  for (const { p95_ms } of await readArrivals(clickhouse, Date.now() - 3 * 3_600_000))
    expect(p95_ms).toBeLessThan(600_000);
  await publisher.close();
});

test('migrating again changes nothing', async () => {
  expect(await migrateClickHouse(clickhouse, brokers)).toEqual([]);
});

test.skipIf(brokers === undefined)('the queue is made anew after its settings have changed, and reads on', async () => {
  const changed = 'ingest/0001_queue';
  await clickhouse.insert('ops.migrations', [{ name: changed, checksum: 'of an earlier version' }]);
  expect(await migrateClickHouse(clickhouse, brokers)).toEqual([changed, 'ingest/0002_queue_mv']);
  const ids = await record(3);
  const publisher = kafkajsPublisher(brokers ?? '');
  await relayAll([publisher]);
  await eventually(async () => expect(await figures(ids)).toMatchObject({ purchases: 3 }));
  await publisher.close();
});
