import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { HourlySales } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import { asOf } from './figures.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

const SQL = `
  SELECT toHour(toTimezone(slot, {time_zone:String})) AS hour,
    count() AS purchases, sum(units) AS items, sum(total_minor) AS revenue_minor,
    groupBitmapIf(customer_number, customer_number != 0) AS unique_customers,
    toUnixTimestamp64Milli(max(sold_at)) AS newest
  FROM gold.purchases
  WHERE ${IN_SCOPE}
  GROUP BY hour`;

const row = z.object({
  hour: z.int(),
  purchases: z.int(),
  items: z.int(),
  revenue_minor: z.int(),
  unique_customers: z.int(),
  newest: z.int(),
});

/** Sales by hour of the shop's clock, all 24. A customer of two hours counts in both: unique customers do not add up. */
export const readHourlySales = async (
  clickhouse: ClickHouse,
  scope: Scope,
  timeZone: string,
  signal?: AbortSignal,
): Promise<HourlySales> => {
  const params = { ...scopeParams(scope), time_zone: timeZone };
  const rows = await clickhouse.rows({ name: 'hourly_sales', sql: SQL, params, row, signal });
  const found = new Map(rows.map(({ newest: _, ...hour }) => [hour.hour, hour]));
  const empty = { purchases: 0, items: 0, revenue_minor: 0, unique_customers: 0 };
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    hours: Array.from({ length: 24 }, (_, hour) => found.get(hour) ?? { hour, ...empty }),
  };
};
