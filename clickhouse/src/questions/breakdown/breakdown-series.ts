import { z } from 'zod';
import type { Scope } from '../../calendar/cover.ts';
import { dateOf } from '../../calendar/shop-calendar.ts';
import { asOf } from '../figures/totals.ts';
import { type Gold, READ } from '../gold.ts';
import { Parameters } from '../parameters.ts';
import type { RowsContext } from '../rows.ts';
import { compareText } from '../text-order.ts';
import { type BreakdownBy, type Broken, brokenDown, brokenOf, sums } from './breakdown-rows.ts';

/** `of_day`: days since 1970. */
const row = z.object({ of_day: z.int(), key: z.string(), newest: z.int(), sums });

const sql = (context: RowsContext, scope: Scope, by: BreakdownBy, key: string | undefined): string => {
  const days = brokenDown(context, scope, by, {
    coarsest: 'day',
    keys: { of_day: ['toUInt16(first_day)', `toUInt16(${context.gold.shopDay})`] },
  });
  return `
  SELECT of_day, key, sumForEach(part) AS sums, toUnixTimestamp64Milli(max(up_to)) AS newest
  FROM ${days}
  ${key === undefined ? '' : `WHERE key = ${context.parameters.bind('key', 'String', key)}`}
  GROUP BY of_day, key
  ${READ}`;
};

/** The same as a breakdown by business day. */
export interface BreakdownSeries {
  as_of: string | null;
  /** Only where something was sold or came back; `day` as `2026-11-20`. */
  rows: ({ day: string; key: string } & Broken)[];
}

/** Sales by business day and key, in their order. Its cost grows with the days of the scope. */
export const readBreakdownSeries = async (
  gold: Gold,
  scope: Scope,
  { by, key }: { by: BreakdownBy; key?: string },
  signal?: AbortSignal,
): Promise<BreakdownSeries> => {
  const parameters = new Parameters();
  const text = sql({ gold, now: await gold.now(), parameters }, scope, by, key);
  const found = await gold.clickhouse.rows({
    name: `breakdown_series_by_${by}`,
    sql: text,
    params: parameters.values,
    row,
    signal,
  });
  return {
    as_of: asOf(found.map(({ newest }) => newest)),
    rows: found
      .filter(({ sums }) => sums.some((sum) => sum !== 0))
      .sort((a, b) => a.of_day - b.of_day || compareText(a.key, b.key))
      .map(({ of_day, key, sums }) => ({ day: dateOf(of_day), key, ...brokenOf(by, sums) })),
  };
};
