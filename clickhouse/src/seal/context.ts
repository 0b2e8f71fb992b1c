import type { ShopCalendar } from '../calendar/shop-calendar.ts';
import { shopCalendar } from '../calendar/shop-calendar.ts';
import { clockOf, type ShopClock, shopDaySql } from '../calendar/shop-day.ts';
import type { ClickHouse } from '../client.ts';

/** What every step of the sealer works with. */
export interface SealContext {
  clickhouse: ClickHouse;
  calendar: ShopCalendar;
  /** SQL of the business day of a column `slot`. */
  shopDay: string;
  /** Which rows of `sealed` are ours: those of this time zone and start of the day. */
  clock: string;
  /**
   * When a figure was last sealed anew (ms), as {@link readState} found it. What is sealed from now on is newer, even where somebody has put
   * ClickHouse's clock back.
   */
  changed: number;
  /** Seals anew also what is true. */
  force?: boolean;
  signal?: AbortSignal;
}

/** The context of a shop's sealer. */
export const sealContext = (clickhouse: ClickHouse, shop: ShopClock, signal?: AbortSignal): SealContext => {
  const shopDay = shopDaySql(shop);
  return {
    clickhouse,
    calendar: shopCalendar(shop.SHOP_TIMEZONE, shop.BUSINESS_DAY_START),
    shopDay,
    clock: clockOf(shopDay),
    changed: 0,
    signal,
  };
};

/** A slot (seconds since 1970) or a business day (days since 1970) in a branch, and how many rows it has in silver.purchases. */
export interface Place {
  at: number;
  branch: string;
  facts: number;
}

export const DAY_MS = 86_400_000;

/** Background work steps back behind questions: one thread, and no hurry where the engine may say so. */
export const IN_BACKGROUND = 'max_threads = 1, max_insert_threads = 1';

/** Lists in order, of which each weighs `most` at most together; an item that alone weighs more is a list of its own. */
export const chunkedByWeight = <Item>(
  items: readonly Item[],
  weightOf: (item: Item) => number,
  most: number,
): Item[][] => {
  const chunks: Item[][] = [];
  let weight = Number.POSITIVE_INFINITY;
  for (const item of items) {
    weight += weightOf(item);
    if (weight > most) {
      chunks.push([]);
      weight = weightOf(item);
    }
    chunks.at(-1)?.push(item);
  }
  return chunks;
};

/** Lists of at most so many: a statement stays small and takes a few seconds at most. */
export const chunked = <Item>(items: readonly Item[], size: number): Item[][] => chunkedByWeight(items, () => 1, size);

/**
 * SQL of `sealed_at`: when the statement begins. Of two sealers at once the one that read before a change may write last; whoever seals
 * because of the change begins after it, so that the newer row is the one that knows of it.
 */
export const sealedAt = ({ changed }: Pick<SealContext, 'changed'>): string =>
  `greatest(now64(3), fromUnixTimestamp64Milli(toInt64(${changed + 1}), 'UTC'))`;
