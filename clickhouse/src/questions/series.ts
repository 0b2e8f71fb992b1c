import type { Series } from '@tillstream/schemas/read-api';
import { z } from 'zod';
import type { Scope } from '../cover.ts';
import type { FiguresRow } from '../figures-sql.ts';
import type { Gold } from '../gold.ts';
import { BUCKET, bucketsOf } from './buckets.ts';
import { asOf, NO_TOTALS, TOTALS, totalsRow } from './figures.ts';

const byDay = (rows: string) => `SELECT toInt64(toUInt16(day)) AS start, ${TOTALS} FROM ${rows} GROUP BY start`;
/** A sealed day is one row and knows how many customers it had; who they were need not be read. */
const BY_SEALED_DAY = `
  SELECT toInt64(toUInt16(day)) AS start, purchases, items, revenue_minor, unique_customers, toUnixTimestamp64Milli(newest) AS newest
  FROM period_sealed`;
const BY_HOUR = `SELECT toInt64(${BUCKET}) AS start, ${TOTALS} FROM period GROUP BY start`;

const row = z.object({ start: z.int(), ...totalsRow });

/**
 * Sales per hour of the shop's clock or per business day, without gaps, over the whole scope (both of its ends must be
 * given). The first point starts where its hour or day does; sales count from the scope's beginning on.
 */
export const readSeries = async (
  gold: Gold,
  scope: Scope,
  by: 'hour' | 'day',
  signal?: AbortSignal,
): Promise<Series> => {
  const { calendar } = gold;
  const starts = [...calendar.starts(by, scope)];
  const folded = await gold.folded({
    name: `series_by_${by}`,
    scopes: { period: scope },
    by: by === 'hour' ? 'clock_hour' : 'day',
    signal,
  });
  const points = folded && pointsOf(folded, by, starts);
  const rows =
    points ??
    (await gold.answer({
      name: `series_by_${by}`,
      scopes: { period: scope },
      coarsest: 'day',
      byHour: by === 'hour',
      sql:
        by === 'hour'
          ? BY_HOUR
          : (inTwo) => (inTwo ? `${BY_SEALED_DAY} UNION ALL ${byDay('period_open')}` : byDay('period')),
      params: by === 'day' ? {} : bucketsOf(starts).params,
      row,
      signal,
    }));
  const found = new Map(
    rows.map((point) => [by === 'day' ? calendar.dayStart(point.start) : point.start * 1000, point]),
  );
  return {
    as_of: asOf(rows.map(({ newest }) => newest)),
    points: starts.map((start) => {
      const { purchases, items, revenue_minor, unique_customers } = found.get(start) ?? NO_TOTALS;
      return { start: new Date(start).toISOString(), purchases, items, revenue_minor, unique_customers };
    }),
  };
};

/** Points of days, or of hours by when they start; undefined where two rows are of one hour (a clock that is changed by half of one). */
const pointsOf = (
  rows: readonly FiguresRow[],
  by: 'hour' | 'day',
  starts: readonly number[],
): z.output<typeof row>[] | undefined => {
  if (by === 'day') return [...rows];
  const known = new Set(starts);
  const startOf = (began: number) => (known.has(began) ? began : (starts.findLast((start) => start <= began) ?? began));
  const points = rows.map((point) => ({ ...point, start: startOf(point.start * 1000) / 1000 }));
  return new Set(points.map(({ start }) => start)).size === points.length ? points : undefined;
};
