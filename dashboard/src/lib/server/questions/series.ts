import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Series } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import type { ShopCalendar } from '../period.ts';
import { badParameters } from '../problems.ts';
import { BUCKET, bucketsOf } from './buckets.ts';
import { asOf } from './figures.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

/** A year by the hour and 27 years by the day; more than that no chart can show. */
export const MAX_POINTS = 10_000;

const SQL = `
  SELECT ${BUCKET} AS start,
    count() AS purchases, sum(units) AS items, sum(total_minor) AS revenue_minor,
    groupBitmapIf(customer_number, customer_number != 0) AS unique_customers,
    toUnixTimestamp64Milli(max(sold_at)) AS newest
  FROM gold.purchases
  WHERE ${IN_SCOPE}
  GROUP BY start`;

const row = z.object({
  start: z.int(),
  purchases: z.int(),
  items: z.int(),
  revenue_minor: z.int(),
  unique_customers: z.int(),
  newest: z.int(),
});

/**
 * Sales per hour or business day, without gaps, over the whole scope (both of its ends must be given). The first
 * point starts where its hour or day does; sales count from the scope's beginning on.
 *
 * @throws a 422 when there would be more than {@link MAX_POINTS} points
 */
export const readSeries = async (
  clickhouse: ClickHouse,
  scope: Scope,
  by: 'hour' | 'day',
  calendar: ShopCalendar,
  signal?: AbortSignal,
): Promise<Series> => {
  const starts: number[] = [];
  for (const start of calendar.starts(by, scope)) {
    if (starts.push(start) > MAX_POINTS) {
      throw badParameters([
        { parameter: 'from', detail: `gives more than ${MAX_POINTS} points by ${by}; ask for less` },
      ]);
    }
  }
  const params = { ...scopeParams(scope), ...bucketsOf(starts).params };
  const rows = await clickhouse.rows({ name: `series_by_${by}`, sql: SQL, params, row, signal });
  const found = new Map(rows.map((point) => [point.start * 1000, point]));
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    points: starts.map((start) => {
      const { purchases = 0, items = 0, revenue_minor = 0, unique_customers = 0 } = found.get(start) ?? {};
      return { start: new Date(start).toISOString(), purchases, items, revenue_minor, unique_customers };
    }),
  };
};
