import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { clickhouseKafkaSettings, type Kafka } from '@tillstream/schemas/kafka/kafka';
import { CLICKHOUSE_CONSUMER_GROUP, PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { parseSettings, shopSettings } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { clockOf, type ShopClock, shopDaySql } from '../calendar/shop-day.ts';
import type { ClickHouse } from '../client.ts';
import { ARE_PURCHASES, EVENT_DATA, PLACES_ARRIVING, PURCHASES_ARRIVING } from './arriving.ts';
import { keepDayFingerprints } from './day-fingerprints.ts';
import { engines } from './engines.ts';
import { FACT_HASH } from './fact-hash.ts';
import { breakdownOf, IS_SALE, SUMS_OF_FACTS, soldOf } from './fact-sums.ts';

/** Layers in the order in which they are built: the queue comes last, so that nothing is read before all stands. */
const LAYERS = ['bronze', 'silver', 'sealed', 'gold', 'ops', 'ingest'] as const;
const FOLDER = new URL('../../migrations/', import.meta.url);

interface Migration {
  /** `layer/0001_object`, in the order of which migrations are applied. */
  name: string;
  sql: string;
  checksum: string;
  /** Applied again whenever its text changes; the others never change once applied. */
  repeatable: boolean;
}

/**
 * Brings ClickHouse to the newest schema; runs at each start and changes nothing when all is applied.
 *
 * @param kafka the broker as ClickHouse reaches it; absent: no queue is made, the relay writes directly
 * @param shop when the business day begins; absent: as the settings say
 * @returns the names of the migrations that were applied now
 * @throws when a migration that was applied once has changed since, or ClickHouse refuses one
 */
export const migrateClickHouse = async (
  clickhouse: ClickHouse,
  kafka: Kafka | undefined,
  shop: ShopClock = parseSettings(shopSettings),
): Promise<string[]> => {
  for (const database of ['bronze', 'silver', 'sealed', 'gold', 'ops']) {
    await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${database}`);
  }
  await clickhouse.command(
    `CREATE TABLE IF NOT EXISTS ops.migrations (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
     ENGINE = ${engines.MergeTree} ORDER BY (name, applied_at) COMMENT 'Migrations that were applied'`,
  );
  const applied = await appliedChecksums(clickhouse);
  const now: string[] = [];
  const all = await migrations(kafka, shop);
  if (all.some(({ name, checksum }) => STILL.test(name) && applied.get(name) !== checksum)) {
    await takeQueueAway(clickhouse, applied);
  }
  for (const migration of all) {
    const checksum = applied.get(migration.name);
    if (checksum === migration.checksum) continue;
    if (checksum !== undefined && !migration.repeatable) {
      throw new Error(`migration ${migration.name} was changed after it had been applied: add a new one instead`);
    }
    await clickhouse.command(migration.sql);
    await clickhouse.insert('ops.migrations', [{ name: migration.name, checksum: migration.checksum }]);
    now.push(migration.name);
  }
  await keepDayFingerprints(clickhouse, 'purchases', shop);
  await keepDayFingerprints(clickhouse, 'customer_milestones', shop);
  return now;
};

/** What no block may be on its way through while it changes: a view that changes its source could miss one. */
const STILL = /^(bronze|silver)\/|^ingest\/0001_queue$/;

/**
 * Takes the queue and its view away, to be made anew as the last migrations, even if a run is interrupted meanwhile.
 * Offsets live in the consumer group, so nothing is lost or skipped.
 */
const takeQueueAway = async (clickhouse: ClickHouse, applied: Map<string, string>): Promise<void> => {
  for (const name of QUEUE.filter((name) => applied.has(name))) {
    await clickhouse.insert('ops.migrations', [{ name, checksum: 'taken away' }]);
    applied.set(name, 'taken away');
  }
  await clickhouse.command('DROP VIEW IF EXISTS bronze.queue_mv SYNC');
  await clickhouse.command('DROP TABLE IF EXISTS bronze.queue SYNC');
};

const QUEUE = ['ingest/0001_queue', 'ingest/0002_queue_mv'] as const;

const appliedChecksums = async (clickhouse: ClickHouse): Promise<Map<string, string>> => {
  const rows = await clickhouse.rows({
    name: 'migrations',
    sql: 'SELECT name, argMax(checksum, applied_at) AS checksum FROM ops.migrations GROUP BY name',
    row: z.object({ name: z.string(), checksum: z.string() }),
  });
  return new Map(rows.map((row) => [row.name, row.checksum]));
};

/** The statement of one migration, e.g. `silver/0002_purchases`. Throws when there is none of that name. */
export const migrationSql = async (name: string, shop: ShopClock): Promise<string> => {
  const found = (await migrations(undefined, shop)).find((migration) => migration.name === name);
  if (found === undefined) throw new Error(`there is no migration ${name}`);
  return found.sql;
};

const migrations = async (kafka: Kafka | undefined, shop: ShopClock): Promise<Migration[]> => {
  const variables = {
    ...engines,
    EVENT_DATA,
    ARE_PURCHASES,
    PURCHASES_ARRIVING,
    PLACES_ARRIVING,
    FACT_HASH,
    BREAKDOWN_OF_FACT: breakdownOf(),
    SOLD_OF_FACT: soldOf({ baskets: true }),
    ...Object.fromEntries(Object.entries(SUMS_OF_FACTS).map(([name, sum]) => [`SUM_${name}`, sum])),
    IS_SALE,
    ...sealerState(shop),
    SHOP_DAY: shopDaySql(shop),
    SHOP_CLOCK: clockOf(shopDaySql(shop)),
    SHOP_TIMEZONE: shop.SHOP_TIMEZONE,
    BUSINESS_DAY_START: shop.BUSINESS_DAY_START,
    KAFKA_SETTINGS: clickhouseKafkaSettings(kafka ?? ''),
    PURCHASES_TOPIC,
    CLICKHOUSE_CONSUMER_GROUP,
  };
  const found: Migration[] = [];
  for (const layer of LAYERS.filter((layer) => layer !== 'ingest' || kafka !== undefined)) {
    const files = (await readdir(new URL(`${layer}/`, FOLDER))).filter((file) => file.endsWith('.sql')).sort();
    for (const file of files) {
      const text = await readFile(new URL(`${layer}/${file}`, FOLDER), 'utf8');
      const sql = substitute(text, variables).trim().replace(/;$/, '');
      found.push({
        name: `${layer}/${file.replace(/\.sql$/, '')}`,
        sql,
        checksum: createHash('sha256').update(sql).digest('hex'),
        repeatable: text.startsWith('-- repeatable'),
      });
    }
  }
  return found;
};

/** SQL of how far the sealer of this clock is, as moments (1970 where nothing is sealed). */
const sealerState = (shop: ShopClock) => {
  const moment = (name: string) =>
    `(SELECT toDateTime(max(at), 'UTC') FROM sealed.state WHERE clock = '${clockOf(shopDaySql(shop))}' AND name = '${name}')`;
  return { HORIZON: moment('horizon'), OPEN_DAY: moment('open_day') };
};

/** Fills in `${NAME}`. Throws on a name that is not known, so that no placeholder reaches ClickHouse. */
const substitute = (text: string, variables: Record<string, string>): string =>
  text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`unknown placeholder \${${name}} in a migration`);
    return value;
  });
