import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';

/** SQL for the hour (0 to 23) since the business day of `slot` began, as the clock shows it; for {@link hourParams}. */
export const HOUR_OF_BUSINESS_DAY =
  'toUInt8(intDiv(positiveModulo(toInt64(toUInt32(slot)) + timeZoneOffset(toTimezone(slot, {time_zone:String})) - {day_start:Int64}, 86400), 3600))';

export const hourParams = ({
  timeZone,
  dayStartMinutes,
}: Pick<ShopCalendar, 'timeZone' | 'dayStartMinutes'>): Record<string, unknown> => ({
  time_zone: timeZone,
  day_start: dayStartMinutes * 60,
});
