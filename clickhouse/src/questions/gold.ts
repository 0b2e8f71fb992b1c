import { z } from 'zod';
import { type ShopCalendar, shopCalendar } from '../calendar/shop-calendar.ts';
import { clockOf, type ShopClock, shopDaySql } from '../calendar/shop-day.ts';
import type { ClickHouse } from '../client.ts';

/** What a question needs to know before it can be asked. */
export interface Now {
  /** Everything before this instant (ms) is sealed; 0: nothing is, all is read from the facts. */
  horizon: number;
  /** The instant at which the business day of the horizon begins. */
  openDay: number;
  /** The country of each branch. */
  countries: ReadonlyMap<string, string>;
}

/** What all questions are asked of. */
export interface Gold {
  clickhouse: Pick<ClickHouse, 'row' | 'rows'>;
  calendar: ShopCalendar;
  /** SQL for the business day of a column `slot`. */
  shopDay: string;
  /** Which rows of `sealed` are ours: those of this time zone and start of the day. */
  clock: string;
  /** At most a second old. An older horizon gives the same figures: a question then reads more facts. */
  now(): Promise<Now>;
}

/** For a statement with little to read: most of its time is planning, and threads to share the rest only cost more. */
const ONE_THREAD = 'max_threads = 1';

/**
 * One thread costs less than two for so little. All mentions of a table in a statement see one moment of it. The key of a
 * partitioned table decides the partition, so a partition that is one part needs no merging.
 */
export const READ = `SETTINGS ${ONE_THREAD}, optimize_use_projections = 0,
  do_not_merge_across_partitions_select_final = 1, enable_shared_storage_snapshot_in_query = 1`;

const NOW = `
  SELECT (SELECT toUnixTimestamp64Milli(max(at)) FROM sealed.state WHERE clock = {clock:String} AND name = 'horizon') AS horizon,
    groupArray(toString(branch_id)) AS branches, groupArray(toString(country)) AS countries
  FROM silver.branches FINAL
  ${READ}`;

const now = z.object({ horizon: z.int().nullable(), branches: z.array(z.string()), countries: z.array(z.string()) });

export interface GoldOptions {
  /** How long what {@link Gold.now} says is shared, in ms. Default 1,000. */
  shareMs?: number;
}

/** Opens the figures on a connection; the shop's clock decides where days begin. */
export const openGold = (
  clickhouse: Pick<ClickHouse, 'row' | 'rows'>,
  shop: ShopClock,
  { shareMs = 1_000 }: GoldOptions = {},
): Gold => {
  const calendar = shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START);
  const shopDay = shopDaySql(shop);
  const clock = clockOf(shopDay);

  const readNow = async (): Promise<Now> => {
    const read = await clickhouse.row({ name: 'now', sql: NOW, params: { clock }, row: now });
    const horizon = read.horizon ?? 0;
    return {
      horizon,
      openDay: calendar.dayStart(calendar.dayOf(horizon)),
      countries: new Map(read.branches.map((branch, index) => [branch, read.countries[index] ?? ''])),
    };
  };

  return { clickhouse, calendar, shopDay, clock, now: shared(readNow, shareMs) };
};

/** Whoever asks while one reading is under way, or soon after it began, gets its answer. A failure is not kept. */
const shared = <Value>(read: () => Promise<Value>, shareMs: number): (() => Promise<Value>) => {
  let last: { at: number; value: Promise<Value> } | undefined;
  return () => {
    const at = performance.now();
    if (last !== undefined && at - last.at < shareMs) return last.value;
    const reading = { at, value: read() };
    last = reading;
    reading.value.catch(() => {
      if (last === reading) last = undefined;
    });
    return reading.value;
  };
};
