import { setTimeout as delay } from 'node:timers/promises';
import { kafkaIsInstalled } from '@tillstream/embedded/kafka';
import { relayPart } from '@tillstream/embedded/parts';
import { kafkajsPublisher } from '@tillstream/pos-api/relay/publishers/kafkajs-publisher';
import type { Publisher } from '@tillstream/pos-api/relay/publishers/publisher';
import { runRelay } from '@tillstream/pos-api/relay/relay';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { Kafka, logLevel } from 'kafkajs';
import type pg from 'pg';
import { z } from 'zod';
import { freePort } from '../../support/ports.ts';
import { line, milliseconds } from '../statistics.ts';
import { type Workshop, withWorkshop } from './workshop.ts';

const RATE = 600;
/** As long as the event of a purchase of three products by a customer. */
const EVENT_BYTES = 1_000;
const quiet = { info: () => undefined, warn: (fields: object, message: string) => console.log(`  ${message}`, fields) };

/** The relay with a real Postgres and a real broker: latency at the rate of a chain, then a backlog, by one and by two. */
export const benchRelay = async (seconds: number, backlog: number): Promise<void> => {
  console.log('Relay, Postgres and Kafka alone');
  if (!kafkaIsInstalled()) {
    line('relay', 'skipped: no broker, which needs Java 17 and Maven');
    return;
  }
  await withWorkshop({ broker: true, postgresSettings: { track_commit_timestamp: 'on' } }, async (workshop) => {
    await workshop.db.query('truncate outbox');
    const latencies = await latency(workshop, seconds);
    line(`commit → acknowledged by the broker at ${RATE}/s`, milliseconds(latencies, 1));
    const one = await drain(workshop, 1, backlog);
    line(`draining ${backlog} rows, one relay`, `${one.toFixed(0)} rows/s`);
    const two = await drain(workshop, 2, backlog);
    line(`draining ${backlog} rows, two relays`, `${two.toFixed(0)} rows/s = ${(two / one).toFixed(2)}× one`);
  });
};

/**
 * Milliseconds from each row's commit, by Postgres's own commit timestamp, to its acknowledgement. The relay runs in
 * this process, beside the load: only there the acknowledgement of each row can be seen.
 */
const latency = async ({ addresses, db }: Workshop, seconds: number): Promise<number[]> => {
  const acknowledged = new Map<string, number>();
  const kafka = kafkajsPublisher(addresses.kafkaBrokers ?? '');
  const noting: Publisher = {
    publish: async (events) => {
      await kafka.publish(events);
      const now = performance.timeOrigin + performance.now();
      for (const { id } of events) acknowledged.set(id, now);
    },
    close: () => kafka.close(),
  };
  const stop = new AbortController();
  const running = runRelay(addresses.postgresUrl, noting, quiet, stop.signal);
  const rows: { id: string; transaction: string }[] = [];
  const inserts: Promise<void>[] = [];
  const start = performance.now();
  for (let n = 0; n < RATE * seconds; ) {
    for (; n < RATE * seconds && start + (n * 1000) / RATE <= performance.now(); n++) {
      inserts.push(insertOne(db).then((row) => void rows.push(row)));
    }
    await delay(1);
  }
  await Promise.all(inserts);
  while (acknowledged.size < rows.length) await delay(10);
  stop.abort();
  await running;
  await kafka.close();

  const committed = await commitTimes(
    db,
    rows.map(({ transaction }) => transaction),
  );
  return rows.map(({ id, transaction }) =>
    Math.max(0, (acknowledged.get(id) ?? 0) - (committed.get(transaction) ?? 0)),
  );
};

const insertedRow = z.object({ id: z.string(), transaction: z.string() });

const insertOne = async (db: pg.Pool): Promise<{ id: string; transaction: string }> => {
  const { rows } = await db.query({
    name: 'insert-one',
    text: `with put as (insert into outbox (key, payload) values (gen_random_uuid(), $1) returning id)
           select id, pg_current_xact_id()::text as transaction, pg_notify('outbox', '') from put`,
    values: ['x'.repeat(EVENT_BYTES)],
  });
  return insertedRow.parse(rows[0]);
};

const commitTimes = async (db: pg.Pool, transactions: string[]): Promise<Map<string, number>> => {
  const { rows } = await db.query(
    `select given as transaction, date_part('epoch', pg_xact_commit_timestamp(xid(given::xid8))) * 1000 as at
     from unnest($1::text[]) as given`,
    [transactions],
  );
  const times = z.array(z.object({ transaction: z.string(), at: z.number() })).parse(rows);
  return new Map(times.map(({ transaction, at }) => [transaction, at]));
};

/** Rows per second that so many relays drain, each a process of its own; they are up before the backlog appears. */
const drain = async ({ addresses, db, start, stop }: Workshop, relays: number, backlog: number): Promise<number> => {
  const names = Array.from({ length: relays }, (_, n) => `relay-${n + 1}`);
  for (const name of names) await start({ ...relayPart({ ...addresses, relayPort: await freePort() }), name });
  const admin = new Kafka({
    clientId: 'bench',
    brokers: [addresses.kafkaBrokers ?? ''],
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  const onTopic = async () =>
    (await admin.fetchTopicOffsets(PURCHASES_TOPIC)).reduce((sum, { high }) => sum + Number(high), 0);
  try {
    const before = await onTopic();
    // One transaction: the relays see nothing of it until it is committed.
    await db.query(
      `with put as (
         insert into outbox (key, payload) select gen_random_uuid(), repeat('x', $1) from generate_series(1, $2) returning 1
       ) select count(*), pg_notify('outbox', '') from put`,
      [EVENT_BYTES, backlog],
    );
    const began = performance.now();
    while ((await onTopic()) < before + backlog) {
      if (performance.now() - began > 300_000) throw new Error('the backlog is not drained after five minutes');
      await delay(50);
    }
    return backlog / ((performance.now() - began) / 1000);
  } finally {
    await admin.disconnect();
    await stop(...names);
  }
};
