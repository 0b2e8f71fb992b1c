import { z } from 'zod';
import { PURCHASES_ARRIVING } from './arriving.ts';
import type { ShopClock } from './calendar/shop-day.ts';
import type { ClickHouse } from './client.ts';
import { keepBlockNumbers, keepForSeals, migrationSql, NUMBERED, selectOf } from './migrate.ts';
import { type Sealed, sealStale } from './seal.ts';

/** Told how far a rebuild is: `done` of `of` chunks of a table. */
export type Progress = (what: string, done: number, of: number) => void;

const TABLES = [
  // Without the door of the view that stands: it fills an empty table.
  { table: 'purchases', create: 'silver/0001_purchases', view: undefined },
  { table: 'customers', create: 'silver/0003_customers', view: 'silver/0015_customers_arriving' },
  {
    table: 'customer_branches',
    create: 'silver/0005_customer_branches',
    view: 'silver/0016_customer_branches_arriving',
  },
  { table: 'products', create: 'silver/0007_products', view: 'silver/0017_products_arriving' },
  { table: 'branches', create: 'silver/0009_branches', view: 'silver/0018_branches_arriving' },
] as const;

/**
 * Makes every table of silver anew from bronze while sales come in. A new table gets its view first, then all that
 * bronze holds, and takes the old one's place in one step; until then the old one answers. What both roads bring is
 * one row. Needs room for a second copy of the largest table; may be repeated after an interruption.
 */
export const rebuildSilver = async (clickhouse: ClickHouse, shop: ShopClock, progress?: Progress): Promise<void> => {
  const arriving = selectOf(await migrationSql('silver/0013_arriving_mv', shop));
  for (const { table, create, view } of TABLES) {
    const rebuilt = `${table}_rebuilt`;
    await drop(clickhouse, rebuilt);
    await clickhouse.command((await migrationSql(create, shop)).replace(`silver.${table}\n`, `silver.${rebuilt}\n`));
    if (table === 'purchases') await keepForSeals(clickhouse, rebuilt, shop);
    if (NUMBERED.includes(table)) await keepBlockNumbers(clickhouse, rebuilt);
    const select = view === undefined ? PURCHASES_ARRIVING : selectOf(await migrationSql(view, shop));
    const began = await bronzeClock(clickhouse);
    await clickhouse.command(`CREATE MATERIALIZED VIEW silver.${rebuilt}_mv TO silver.${rebuilt} AS\n${select}`);

    const fromBronze = select.replace('silver.arriving', `(${arriving})`);
    const chunks = await bronzePartitions(clickhouse);
    for (const [index, partition] of chunks.entries()) {
      await backfill(clickhouse, rebuilt, fromBronze, `_partition_id = '${partition}'`);
      progress?.(`silver.${table}`, index + 1, chunks.length);
    }
    // An insert that was under way when the view was attached reached bronze without it, perhaps after its chunk.
    await backfill(clickhouse, rebuilt, fromBronze, `ingested_at >= fromUnixTimestamp64Milli(${began - IN_FLIGHT_MS})`);
    // Views write to names: from here on each writes into the other table.
    await clickhouse.command(`EXCHANGE TABLES silver.${table} AND silver.${rebuilt}`);
    await drop(clickhouse, rebuilt);
  }
};

/**
 * Seals everything anew. A row is replaced whole, and counts only while it is the truth: nothing is emptied before.
 */
export const rebuildGold = (clickhouse: ClickHouse, shop: ShopClock, progress?: Progress): Promise<Sealed> =>
  sealStale(clickhouse, {
    shop,
    now: Date.now(),
    force: true,
    progress: (done, of) => progress?.('gold', done, of),
  });

/** No insert takes longer than this from its reading of bronze's views to the end. */
const IN_FLIGHT_MS = 600_000;

const drop = async (clickhouse: ClickHouse, rebuilt: string): Promise<void> => {
  await clickhouse.command(`DROP VIEW IF EXISTS silver.${rebuilt}_mv SYNC`);
  await clickhouse.command(`DROP TABLE IF EXISTS silver.${rebuilt} SYNC`);
};

const backfill = (clickhouse: ClickHouse, rebuilt: string, select: string, which: string): Promise<number> =>
  clickhouse.insertSelect({
    name: `rebuild ${rebuilt}`,
    table: `silver.${rebuilt}`,
    select: select.replace('bronze.events', `(SELECT * FROM bronze.events WHERE ${which}) AS events`),
    timeoutSeconds: 86_400,
  });

const bronzePartitions = async (clickhouse: ClickHouse): Promise<string[]> => {
  const rows = await clickhouse.rows({
    name: 'bronze_partitions',
    sql: `SELECT DISTINCT partition_id FROM system.parts
          WHERE database = 'bronze' AND table = 'events' AND active ORDER BY partition_id`,
    row: z.object({ partition_id: z.string() }),
  });
  return rows.map(({ partition_id }) => partition_id);
};

/** ClickHouse's own clock, which stamps bronze (ms since 1970). */
const bronzeClock = async (clickhouse: ClickHouse): Promise<number> =>
  (
    await clickhouse.row({
      name: 'clock',
      sql: 'SELECT toUnixTimestamp64Milli(now64(3)) AS now',
      row: z.object({ now: z.int() }),
    })
  ).now;
