import { z } from 'zod';
import { coverOfBoth, type Scope } from '../../calendar/cover.ts';
import { BEGINNING, dateOf } from '../../calendar/shop-calendar.ts';
import { type Gold, READ } from '../gold.ts';
import { Parameters } from '../parameters.ts';
import { coverOfScope, type RowsContext, rowsOf } from '../rows.ts';

/**
 * Customers by month as bitmaps, those before the first month together as month 0. A cohort is a month's customers
 * without all who came before; of each later month it takes the part that came back.
 */
const sql = (context: RowsContext, { branch, first, from, to }: Scope & { first: number }): string => {
  const before = coverOfScope(context, { from: BEGINNING, to: from, branch }, 'year');
  const months = coverOfScope(context, { from, to, branch }, 'month');
  const month = (day: string) => `toUInt16(toStartOfMonth(${day}))`;
  const rows = rowsOf(context, { from: BEGINNING, to, branch }, coverOfBoth(before, months), {
    columns: ['customers'],
    keys: { of_month: [month('first_day'), month(context.gold.shopDay)] },
  });
  return `
  SELECT months[cohort] AS first_month, arraySlice(months, cohort) AS sold_months,
    arrayMap(month -> bitmapAndCardinality(bitmaps[month], fresh),
      range(toUInt32(cohort), toUInt32(length(months) + 1))) AS customers
  FROM (
    SELECT months, bitmaps, cohort,
      if(cohort = 1, bitmaps[1],
        bitmapAndnot(bitmaps[cohort], arrayReduce('groupBitmapMergeState', arraySlice(bitmaps, 1, cohort - 1)))) AS fresh
    FROM (
      SELECT groupArray(month) AS months, groupArray(here) AS bitmaps
      FROM (
        SELECT if(of_month < ${context.parameters.bind('first', 'UInt16', first)}, 0, of_month) AS month,
          groupBitmapMergeState(customers) AS here
        FROM ${rows} GROUP BY month ORDER BY month
      )
    )
    ARRAY JOIN arrayEnumerate(months) AS cohort
  )
  WHERE first_month > 0
  ORDER BY first_month
  ${READ}`;
};

/** Months in which nobody bought are in no row: each list of customers stands beside the months that it is about. */
const row = z.object({ first_month: z.int(), sold_months: z.array(z.int()), customers: z.array(z.int()) });

/** Who came back: a row per month of first purchase, the oldest first. */
export interface Retention {
  cohorts: {
    /** `YYYY-MM` of the shop's business days. */
    month: string;
    /** Customers of the cohort with a purchase in that month (all of them) and in each month after it. */
    customers: number[];
  }[];
}

/**
 * The cohorts of the last `months` months until the one of `now`, exact. "First" is the first purchase of all time that
 * is not void (with a branch: there).
 */
export const readRetention = async (
  gold: Gold,
  { branch, now, months }: { branch: string | undefined; now: number; months: number },
  signal?: AbortSignal,
): Promise<Retention> => {
  const { calendar } = gold;
  const today = new Date(dateOf(calendar.dayOf(now)));
  const starts = Array.from({ length: months }, (_, index) =>
    Math.round(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - months + 1 + index, 1) / 86_400_000),
  );
  const [first = 0] = starts;
  const parameters = new Parameters();
  const text = sql(
    { gold, now: await gold.now(), parameters },
    { from: calendar.dayStart(first), to: calendar.dayStart(calendar.dayOf(now) + 1), branch, first },
  );
  const rows = await gold.clickhouse.rows({ name: 'retention', sql: text, params: parameters.values, row, signal });
  const found = new Map(
    rows.map(({ first_month, sold_months, customers }) => [
      first_month,
      new Map(sold_months.map((month, index) => [month, customers[index] ?? 0])),
    ]),
  );
  return {
    cohorts: starts.flatMap((start, index) => {
      const cohort = found.get(start);
      if (cohort === undefined) return [];
      return [
        { month: dateOf(start).slice(0, 7), customers: starts.slice(index).map((month) => cohort.get(month) ?? 0) },
      ];
    }),
  };
};
