import { z } from 'zod';
import type { ShopClock } from '../calendar/shop-day.ts';
import type { ClickHouse } from '../client.ts';
import { PURCHASES_ARRIVING } from './arriving.ts';
import { keepDayFingerprints } from './day-fingerprints.ts';
import { migrationSql } from './migrate.ts';

/** Told how far a rebuild is: `done` of `of` chunks of a table. */
export type Progress = (what: string, done: number, of: number) => void;

/** Each table of silver with the migrations that make it and its view. */
const TABLES = [
  // Without the door of the view that stands: it fills an empty table.
  { table: 'purchases', create: 'silver/0002_purchases', view: undefined },
  { table: 'customers', create: 'silver/0003_customers', view: 'silver/0011_customers_mv' },
  { table: 'customer_branches', create: 'silver/0004_customer_branches', view: 'silver/0012_customer_branches_mv' },
  {
    table: 'customer_milestones',
    create: 'silver/0005_customer_milestones',
    view: 'silver/0013_customer_milestones_mv',
  },
  { table: 'products', create: 'silver/0006_products', view: 'silver/0014_products_mv' },
  { table: 'branches', create: 'silver/0007_branches', view: 'silver/0015_branches_mv' },
] as const;

/**
 * Makes every table of silver anew from bronze while sales come in. A new table gets its view first, then all that
 * bronze holds, and takes the old one's place in one step; until then the old one answers. What comes both ways is
 * one row. Needs room for a second copy of the largest table; may be repeated after an interruption.
 */
export const rebuildSilver = async (clickhouse: ClickHouse, shop: ShopClock, progress?: Progress): Promise<void> => {
  const arriving = selectOf(await migrationSql('silver/0016_arriving_mv', shop));
  for (const { table, create, view } of TABLES) {
    const rebuilt = `${table}_rebuilt`;
    await drop(clickhouse, rebuilt);
    await clickhouse.command((await migrationSql(create, shop)).replace(`silver.${table}\n`, `silver.${rebuilt}\n`));
    if (table === 'purchases' || table === 'customer_milestones') {
      await keepDayFingerprints(clickhouse, table, shop, rebuilt);
    }
    const select = view === undefined ? PURCHASES_ARRIVING : selectOf(await migrationSql(view, shop));
    const began = await bronzeClock(clickhouse);
    await clickhouse.command(`CREATE MATERIALIZED VIEW silver.${rebuilt}_mv TO silver.${rebuilt} AS\n${select}`);

    const fromBronze = select.replace('silver.arriving', `(${arriving})`);
    const months = await bronzeMonths(clickhouse);
    for (const [index, month] of months.entries()) {
      await backfill(clickhouse, rebuilt, fromBronze, `toYYYYMM(ingested_at) = ${month}`);
      progress?.(`silver.${table}`, index + 1, months.length);
    }
    // An insert that was under way when the view was attached reached bronze without it, perhaps after its chunk.
    await backfill(clickhouse, rebuilt, fromBronze, `ingested_at >= fromUnixTimestamp64Milli(${began - IN_FLIGHT_MS})`);
    // Views write to names: from here on each writes into the other table.
    await clickhouse.command(`EXCHANGE TABLES silver.${table} AND silver.${rebuilt}`);
    await drop(clickhouse, rebuilt);
  }
};

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

/** What a materialized view selects, by the statement that makes it. */
const selectOf = (view: string): string => view.replace(/^.*? AS\n/s, '');

/** The months in which bronze received something, e.g. 202611: its partitions. */
const bronzeMonths = async (clickhouse: ClickHouse): Promise<number[]> => {
  const rows = await clickhouse.rows({
    name: 'bronze_months',
    sql: 'SELECT DISTINCT toYYYYMM(ingested_at) AS month FROM bronze.events ORDER BY month',
    row: z.object({ month: z.int() }),
    timeoutSeconds: 600,
  });
  return rows.map(({ month }) => month);
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
