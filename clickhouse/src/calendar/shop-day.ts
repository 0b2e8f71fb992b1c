import { createHash } from 'node:crypto';
import type { parseSettings, shopSettings } from '@tillstream/schemas/settings';

/** When the shop's business day begins: the settings `SHOP_TIMEZONE` and `BUSINESS_DAY_START`. */
export type ShopClock = Pick<
  ReturnType<typeof parseSettings<typeof shopSettings>>,
  'SHOP_TIMEZONE' | 'BUSINESS_DAY_START'
>;

/**
 * SQL for the business day (a `Date`) that a slot belongs to.
 *
 * A day begins when the shop's clock first shows its start or a later time. A clock that is put back over that time
 * shows the day before once more, but the day that has begun goes on: hence the greatest of the last four quarters of
 * an hour (no clock is put back by more than an hour).
 */
export const shopDaySql = ({ SHOP_TIMEZONE, BUSINESS_DAY_START }: ShopClock): string => {
  const [hours = 0, minutes = 0] = BUSINESS_DAY_START.split(':').map(Number);
  const start = hours * 60 + minutes;
  if (SHOP_TIMEZONE === 'UTC' && start === 0) return 'toDate(slot)';
  const zone = `'${SHOP_TIMEZONE.replace(/[\\']/g, '\\$&')}'`;
  const dayAt = (slot: string) => {
    const local = `toTimezone(${slot}, ${zone})`;
    return start === 0
      ? `toDate(${local})`
      : `toDate(${local}) - (toHour(${local}) * 60 + toMinute(${local}) < ${start})`;
  };
  return `greatest(${['slot', 'slot - 900', 'slot - 1800', 'slot - 2700'].map(dayAt).join(', ')})`;
};

/** A short name of the clock behind {@link shopDaySql}: what was sealed by another one tells other days or other hours. */
export const clockOf = (shopDay: string): string => createHash('sha256').update(shopDay).digest('hex').slice(0, 8);
