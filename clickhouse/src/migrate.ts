import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { clickhouseKafkaSettings, type Kafka } from '@tillstream/schemas/kafka';
import { parseSettings, shopSettings } from '@tillstream/schemas/settings';
import { CLICKHOUSE_CONSUMER_GROUP, PURCHASES_TOPIC } from '@tillstream/schemas/topics';
import { z } from 'zod';
import { PLACES_ARRIVING, PURCHASES_ARRIVING } from './arriving.ts';
import type { ClickHouse } from './client.ts';
import { engines } from './engines.ts';
import { dayFacts, FACT_HASH, FIGURES, FIGURES_OF_FACTS, stillTrue, UNPACKED } from './facts.ts';
import { clockOf, type ShopClock, shopDaySql } from './shop-day.ts';

/** Layers in the order in which they are built: the queue comes last, so that nothing is read before all stands. */
const LAYERS = ['bronze', 'silver', 'gold', 'ops', 'ingest'] as const;
const FOLDER = new URL('../migrations/', import.meta.url);

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
  for (const database of ['bronze', 'silver', 'gold', 'ops']) {
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
  await keepForSeals(clickhouse, 'purchases', shop);
  for (const table of NUMBERED) await keepBlockNumbers(clickhouse, table);
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

/**
 * Gives a table of purchases in silver what the seals are compared by: fingerprints of business days, and an index that finds what
 * was recorded since; and what the feed of changes tells new rows by.
 */
export const keepForSeals = async (clickhouse: ClickHouse, table: string, shop: ShopClock): Promise<void> => {
  await keepRecordedIndex(clickhouse, table);
  await keepDayProjection(clickhouse, table, shop);
  await keepBlockNumbers(clickhouse, table);
};

/** Tables beside purchases whose rows keep the number of their block. */
export const NUMBERED: readonly string[] = ['customers', 'customer_branches'];

/** Rows keep the number of their block of inserts when they are merged: so what is new in a part can be told. */
export const keepBlockNumbers = async (clickhouse: ClickHouse, table: string): Promise<void> => {
  const { engine_full } = await clickhouse.row({
    name: 'table_settings',
    sql: "SELECT engine_full FROM system.tables WHERE database = 'silver' AND name = {table:String}",
    params: { table },
    row: z.object({ engine_full: z.string() }),
  });
  if (engine_full.includes('enable_block_number_column = 1')) return;
  await clickhouse.command(`ALTER TABLE silver.${table} MODIFY SETTING enable_block_number_column = 1`);
};

/** Blocks of half a million rows: a finer index takes longer to look through than it saves to read. */
const keepRecordedIndex = async (clickhouse: ClickHouse, table: string): Promise<void> => {
  const { present } = await clickhouse.row({
    name: 'indexes',
    sql: `SELECT count() AS present FROM system.data_skipping_indices
          WHERE database = 'silver' AND table = {table:String} AND name = 'recorded'`,
    params: { table },
    row: z.object({ present: z.int() }),
  });
  if (present > 0) return;
  await clickhouse.command(`ALTER TABLE silver.${table} ADD INDEX recorded recorded_at TYPE minmax GRANULARITY 64`);
  await clickhouse.command(`ALTER TABLE silver.${table} MATERIALIZE INDEX recorded`);
};

/**
 * Gives a table of purchases in silver the fingerprints by business day. Another time zone or start of the day means another
 * projection: until it stands in all parts, figures are as exact and long periods slower.
 */
const keepDayProjection = async (clickhouse: ClickHouse, table: string, shop: ShopClock): Promise<void> => {
  const day = shopDaySql(shop);
  const wanted = `facts_by_day_${clockOf(day)}`;
  const present = await clickhouse.rows({
    name: 'projections',
    sql: `SELECT name FROM system.projections
          WHERE database = 'silver' AND table = {table:String} AND startsWith(name, 'facts_by_day_')`,
    params: { table },
    row: z.object({ name: z.string() }),
  });
  if (!present.some(({ name }) => name === wanted)) {
    await clickhouse.command(
      `ALTER TABLE silver.${table} ADD PROJECTION ${wanted}
       (SELECT ${day}, branch_id, count(), sum(${FACT_HASH}), max(toDate(slot)) GROUP BY ${day}, branch_id)`,
    );
    await clickhouse.command(`ALTER TABLE silver.${table} MATERIALIZE PROJECTION ${wanted}`);
  }
  for (const { name } of present.filter(({ name }) => name !== wanted)) {
    await clickhouse.command(`ALTER TABLE silver.${table} DROP PROJECTION IF EXISTS ${name}`);
  }
};

const appliedChecksums = async (clickhouse: ClickHouse): Promise<Map<string, string>> => {
  const rows = await clickhouse.rows({
    name: 'migrations',
    sql: 'SELECT name, argMax(checksum, applied_at) AS checksum FROM ops.migrations GROUP BY name',
    row: z.object({ name: z.string(), checksum: z.string() }),
  });
  return new Map(rows.map((row) => [row.name, row.checksum]));
};

/** The statement of one migration, e.g. `silver/0001_purchases`. Throws when there is none of that name. */
export const migrationSql = async (name: string, shop: ShopClock): Promise<string> => {
  const found = (await migrations(undefined, shop)).find((migration) => migration.name === name);
  if (found === undefined) throw new Error(`there is no migration ${name}`);
  return found.sql;
};

const migrations = async (kafka: Kafka | undefined, shop: ShopClock): Promise<Migration[]> => {
  const variables = {
    ...engines,
    FACT_HASH,
    FIGURES,
    FIGURES_OF_FACTS,
    UNPACKED,
    SLOT_STILL_TRUE: stillTrue('sealed', 'facts'),
    SHOP_DAY: shopDaySql(shop),
    SHOP_CLOCK: clockOf(shopDaySql(shop)),
    DAY_FACTS: dayFacts(`${shopDaySql(shop)} AS day, branch_id`, 'day, branch_id', '1'),
    KAFKA_SETTINGS: clickhouseKafkaSettings(kafka ?? ''),
    PURCHASES_TOPIC,
    CLICKHOUSE_CONSUMER_GROUP,
    PURCHASES_ARRIVING,
    PLACES_ARRIVING,
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

/** What a materialized view selects, by the statement that makes it or gives it another query. */
export const selectOf = (view: string): string => view.replace(/^.*?( AS| MODIFY QUERY)\n/s, '').replace(/;\s*$/, '');

/** Fills in `${NAME}`. Throws on a name that is not known, so that no placeholder reaches ClickHouse. */
const substitute = (text: string, variables: Record<string, string>): string =>
  text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`unknown placeholder \${${name}} in a migration`);
    return value;
  });
