import { z } from 'zod';
import { type Cover, coverOf, type Scope } from '../../calendar/cover.ts';
import type { ShopCalendar } from '../../calendar/shop-calendar.ts';
import { slotsReadFrom } from '../../calendar/spans.ts';
import { type Gold, READ } from '../gold.ts';
import { Parameters } from '../parameters.ts';
import { coverOfScope, type RowsContext, rowsOf, spansWhere } from '../rows.ts';
import {
  asOf,
  MONEY,
  MONEY_SUMS,
  type Money,
  moneyOf,
  moneyRow,
  SUMMED,
  SUMS,
  type Sums,
  sumsOf,
  sumsRow,
} from './totals.ts';

/** Sales per hour of the shop's clock or per business day, without gaps. */
export interface Series {
  as_of: string | null;
  /** Customers and what makes up the revenue are told by day only. Customers do not add up over days; all else does. */
  points: ({ start: string; unique_customers?: number } & Sums & Partial<Money>)[];
}

/** The rows of one level, and all others. */
const apart = ({ spans, facts }: Cover): [days: Cover, rest: Cover] => [
  { spans: spans.filter(({ level }) => level === 'day'), facts: [] },
  { spans: spans.filter(({ level }) => level !== 'day'), facts },
];
const isEmpty = ({ spans, facts }: Cover) => spans.length === 0 && facts.length === 0;

const dayRow = z.object({ day: z.int(), ...sumsRow, ...moneyRow, unique_customers: z.int() });

/** A sealed day knows how many customers it had; who they were is read of the other ones only. */
const byDay = (context: RowsContext, scope: Scope): string => {
  const [days, rest] = apart(coverOfScope(context, scope, 'day'));
  const parts: string[] = [];
  if (days.spans.length > 0) {
    parts.push(`SELECT toUInt16(first_day) AS day, purchases, items, revenue_minor,
    toUnixTimestamp64Milli(newest) AS newest, ${MONEY.join(', ')}, unique_customers
  FROM sealed.spans FINAL WHERE ${spansWhere(context, scope, days)}`);
  }
  if (!isEmpty(rest) || parts.length === 0) {
    const rows = rowsOf(context, scope, rest, {
      columns: [...SUMMED, ...MONEY, 'customers'],
      keys: { day: ['toUInt16(first_day)', `toUInt16(${context.gold.shopDay})`] },
    });
    parts.push(
      `SELECT day, ${SUMS}, ${MONEY_SUMS}, groupBitmapMerge(customers) AS unique_customers FROM ${rows} GROUP BY day`,
    );
  }
  return `${parts.join('\n  UNION ALL ')} ${READ}`;
};

const readByDay = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<Series> => {
  const parameters = new Parameters();
  const sql = byDay({ gold, now: await gold.now(), parameters }, scope);
  const rows = await gold.clickhouse.rows({
    name: 'series_by_day',
    sql,
    params: parameters.values,
    row: dayRow,
    signal,
  });
  const found = new Map(rows.map((row) => [row.day, row]));
  const points = [...gold.calendar.starts('day', scope)].map((start) => {
    const row = found.get(gold.calendar.dayOf(start));
    return {
      start: new Date(start).toISOString(),
      ...sumsOf(row),
      ...moneyOf(row),
      unique_customers: row?.unique_customers ?? 0,
    };
  });
  return { as_of: asOf(rows.map(({ newest }) => newest)), points };
};

/** `at`: the start of a day, of which `hour` is an hour of the clock, or of a slot; in seconds. */
const hourRow = z.object({ at: z.int(), hour: z.int(), ...sumsRow });
const NO_HOUR = 24;

const byHour = (context: RowsContext, scope: Scope, hours: HoursOfDays): string => {
  const { gold, now } = context;
  const [days, rest] = apart(
    coverOf(gold.calendar, scope, now.horizon, {
      coarsest: 'day',
      slotsFrom: slotsReadFrom(gold.calendar, now.horizon),
      takesDay: ({ start }) => hours.tellsApart(start),
    }),
  );
  const parts: string[] = [];
  if (days.spans.length > 0) {
    parts.push(`SELECT toUnixTimestamp(start) AS at, toUInt8(hour_number - 1) AS hour, purchases, items, revenue_minor,
    toUnixTimestamp64Milli(newest) AS newest
  FROM (
    SELECT start, newest, hour_purchases, hour_items, hour_revenue_minor
    FROM sealed.spans FINAL WHERE ${spansWhere(context, scope, days)}
  )
  ARRAY JOIN hour_purchases AS purchases, hour_items AS items, hour_revenue_minor AS revenue_minor,
    arrayEnumerate(hour_purchases) AS hour_number
  WHERE purchases > 0 OR revenue_minor != 0 OR hour_number = 1`);
  }
  if (!isEmpty(rest) || parts.length === 0) {
    const rows = rowsOf(context, scope, rest, {
      columns: SUMMED,
      keys: { at: ['toUnixTimestamp(start)', 'toUnixTimestamp(slot)'] },
    });
    parts.push(`SELECT at, toUInt8(${NO_HOUR}) AS hour, ${SUMS} FROM ${rows} GROUP BY at`);
  }
  return `${parts.join('\n  UNION ALL ')} ${READ}`;
};

const readByHour = async (gold: Gold, scope: Scope, signal?: AbortSignal): Promise<Series> => {
  const parameters = new Parameters();
  const hours = hoursOfDays(gold.calendar, [...gold.calendar.starts('hour', scope)]);
  const sql = byHour({ gold, now: await gold.now(), parameters }, scope, hours);
  const rows = await gold.clickhouse.rows({
    name: 'series_by_hour',
    sql,
    params: parameters.values,
    row: hourRow,
    signal,
  });
  const sums = new Map<number, Sums>();
  for (const { at, hour, purchases, items, revenue_minor } of rows) {
    const start = hour === NO_HOUR ? hours.startOf(at * 1000) : hours.startIn(at * 1000, hour);
    const before = sumsOf(sums.get(start));
    sums.set(start, {
      purchases: before.purchases + purchases,
      items: before.items + items,
      revenue_minor: before.revenue_minor + revenue_minor,
    });
  }
  const points = hours.starts.map((start) => ({ start: new Date(start).toISOString(), ...sumsOf(sums.get(start)) }));
  return { as_of: asOf(rows.map(({ newest }) => newest)), points };
};

/** The hours of the shop's clock in a scope, and the business days that they lie in. */
interface HoursOfDays {
  starts: readonly number[];
  /**
   * Whether the day that begins at an instant has no hour of the clock twice, so that a sum by hour is of one of them. A day
   * has one twice when the clock is put back, or when it begins within an hour.
   */
  tellsApart(dayStart: number): boolean;
  /** The start of that hour of a day. */
  startIn(dayStart: number, hour: number): number;
  /** The start of the hour that holds an instant. */
  startOf(instant: number): number;
}

const hoursOfDays = (calendar: ShopCalendar, starts: readonly number[]): HoursOfDays => {
  const days = new Map<number, { first: number; count: number; byHour: Map<number, number> }>();
  for (const start of starts) {
    const dayStart = calendar.dayStart(calendar.dayOf(start));
    const day = days.get(dayStart) ?? { first: start, count: 0, byHour: new Map<number, number>() };
    day.count++;
    day.byHour.set(new Date(calendar.wallAt(start)).getUTCHours(), start);
    days.set(dayStart, day);
  }
  return {
    starts,
    tellsApart: (dayStart) => {
      const day = days.get(dayStart);
      return day !== undefined && day.first === dayStart && day.byHour.size === day.count;
    },
    startIn: (dayStart, hour) => days.get(dayStart)?.byHour.get(hour) ?? dayStart,
    startOf: (instant) => {
      let [low, high] = [0, starts.length - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if ((starts[middle] ?? 0) <= instant) low = middle;
        else high = middle - 1;
      }
      return starts[low] ?? instant;
    },
  };
};

/**
 * Sales per hour of the shop's clock or per business day, without gaps, over the whole scope (both of its ends must be
 * given). The first point starts where its hour or day does; sales count from the scope's beginning on.
 */
export const readSeries = (gold: Gold, scope: Scope, by: 'hour' | 'day', signal?: AbortSignal): Promise<Series> =>
  by === 'day' ? readByDay(gold, scope, signal) : readByHour(gold, scope, signal);
