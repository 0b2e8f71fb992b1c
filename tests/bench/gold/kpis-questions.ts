import { readBreakdown } from '@tillstream/clickhouse/questions/breakdown/breakdown';
import { readBreakdownSeries } from '@tillstream/clickhouse/questions/breakdown/breakdown-series';
import { readLoyalCustomers } from '@tillstream/clickhouse/questions/customers/loyal-customers';
import { readNewAndReturning } from '@tillstream/clickhouse/questions/customers/new-and-returning';
import { readRetention } from '@tillstream/clickhouse/questions/customers/retention';
import { readBranchSales } from '@tillstream/clickhouse/questions/figures/branch-sales';
import { readHourlySales } from '@tillstream/clickhouse/questions/figures/hourly-sales';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { readSeries } from '@tillstream/clickhouse/questions/figures/series';
import { readWeekGrid } from '@tillstream/clickhouse/questions/figures/week-grid';
import type { Gold } from '@tillstream/clickhouse/questions/gold';
import { readAggregatedSales } from '@tillstream/clickhouse/questions/products/aggregated-sales';
import { readProductRanking } from '@tillstream/clickhouse/questions/products/product-ranking';
import { readTopProducts } from '@tillstream/clickhouse/questions/products/top-products';
import * as views from './kpis-views.ts';

/** The same question in plain SQL over the facts. */
export interface FromFacts {
  clickhouse: string;
  /** Over the tables of kpis-postgres.ts. */
  postgres: string;
}

export interface KpiQuestion {
  what: string;
  gold: (gold: Gold) => Promise<unknown>;
  /** The same as an analyst asks it of the views of gold, where one statement says it. */
  view?: string;
  fromFacts?: FromFacts;
}

const DAY = 86_400_000;
const BRANCH = 'SMKT001';

/** The questions of the dashboard about sales, asked at the moment `now` of a shop in UTC; its days end at midnight. */
export const kpiQuestions = (now: number): KpiQuestion[] => {
  const until = Math.ceil(now / DAY) * DAY;
  const all = { from: 0, to: Date.UTC(2100, 0, 1) };
  const last = (days: number) => ({ from: until - days * DAY, to: until });
  const end = new Date(until);
  const monthStart = (later: number) => Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + later, 1);
  const month = (later: number) => ({ from: monthStart(later), to: Math.min(monthStart(later + 1), until) });
  const before = { from: until - 60 * DAY, to: until - 30 * DAY };
  const odd = { from: until - 30 * DAY + 7 * 60_000, to: now - 5 * 3_600_000 - 8 * 60_000 };
  const totals = (days?: number): FromFacts => ({
    clickhouse: `SELECT count(), sum(units), sum(total_minor), max(sold_at), groupBitmapIf(customer_number, customer_number != 0),
      sumMap(product_ids, quantities) FROM gold.purchases ${since('slot', days, until)}`,
    postgres: `SELECT count(*), sum(units), sum(total_minor), max(sold_at), count(DISTINCT customer_number) FILTER (WHERE customer_number != 0)
      FROM bench.purchases ${since('sold_at', days, until)}`,
  });
  const day = (days: number) => dateOf(until - days * DAY);
  return [
    {
      what: 'main figures, all time',
      gold: (gold) => readKpis(gold, all, 3),
      view: views.allTime(),
      fromFacts: totals(),
    },
    {
      what: 'main figures, one branch, all time',
      gold: (gold) => readKpis(gold, { ...all, branch: BRANCH }, 3),
      view: views.allTime(BRANCH),
    },
    {
      what: 'main figures, 30 days',
      gold: (gold) => readKpis(gold, last(30), 3),
      view: views.since(day(30)),
      fromFacts: totals(30),
    },
    { what: 'main figures, 30 days, odd borders', gold: (gold) => readKpis(gold, odd, 3) },
    {
      what: 'main figures, the last day',
      gold: (gold) => readKpis(gold, last(1), 3),
      view: views.since(day(1)),
      fromFacts: totals(1),
    },
    {
      what: 'top products by units, all time',
      gold: (gold) => readTopProducts(gold, all, { limit: 3, by: 'units' }),
      view: views.topProducts,
      fromFacts: {
        clickhouse:
          'SELECT product_id, sum(quantity) AS units, sum(revenue_minor) FROM gold.purchase_items GROUP BY product_id ORDER BY units DESC LIMIT 3 WITH TIES',
        postgres:
          'SELECT product_id, sum(quantity) AS units, sum(quantity * unit_price_minor) FROM bench.items GROUP BY product_id ORDER BY units DESC FETCH FIRST 3 ROWS WITH TIES',
      },
    },
    {
      what: 'products, 30 days beside the 30 before',
      gold: (gold) => readProductRanking(gold, last(30), before),
      view: views.products(day(60), day(30)),
    },
    {
      what: 'branches, 30 days beside the 30 before',
      gold: (gold) => readBranchSales(gold, last(30), before),
      view: views.branches(day(60), day(30)),
    },
    {
      what: 'new and returning customers, 30 days',
      gold: (gold) => readNewAndReturning(gold, last(30)),
      view: views.newAndReturning(day(30)),
    },
    {
      what: 'loyal customers by day, 30 days',
      gold: (gold) => readLoyalCustomers(gold, last(30)),
      view: views.loyal(day(30)),
    },
    {
      what: 'the same of one branch',
      gold: (gold) => readLoyalCustomers(gold, { ...last(30), branch: BRANCH }),
      view: views.loyal(day(30), BRANCH),
    },
    { what: 'retention, 6 months', gold: (gold) => readRetention(gold, { branch: undefined, now, months: 6 }) },
    {
      what: 'series by day, a year',
      gold: (gold) => readSeries(gold, last(365), 'day'),
      view: views.byDay(day(365)),
      fromFacts: {
        clickhouse: `SELECT toDate(slot) AS day, count(), sum(total_minor), groupBitmapIf(customer_number, customer_number != 0)
          FROM gold.purchases ${since('slot', 365, until)} GROUP BY day`,
        postgres: `SELECT date_trunc('day', sold_at) AS day, count(*), sum(total_minor), count(DISTINCT customer_number)
          FROM bench.purchases ${since('sold_at', 365, until)} GROUP BY day`,
      },
    },
    {
      what: 'series by hour, a week',
      gold: (gold) => readSeries(gold, last(7), 'hour'),
      view: views.hours('day, hour', day(7)),
    },
    {
      what: 'hours of the day, 30 days',
      gold: (gold) => readHourlySales(gold, last(30)),
      view: views.hours('hour', day(30)),
    },
    { what: 'hours of the day, all time', gold: (gold) => readHourlySales(gold, all), view: views.hours('hour') },
    {
      what: 'weekday × hour, 30 days',
      gold: (gold) => readWeekGrid(gold, last(30)),
      view: views.hours('toDayOfWeek(day), hour', day(30)),
    },
    {
      what: 'weekday × hour, all time',
      gold: (gold) => readWeekGrid(gold, all),
      view: views.hours('toDayOfWeek(day), hour'),
    },
    { what: 'by cashier, 30 days', gold: (gold) => readBreakdown(gold, last(30), 'cashier') },
    { what: 'by tender, all time', gold: (gold) => readBreakdown(gold, all, 'tender') },
    { what: 'by category, all time', gold: (gold) => readBreakdown(gold, all, 'category') },
    {
      what: 'by category and day, 30 days',
      gold: (gold) => readBreakdownSeries(gold, last(30), { by: 'category' }),
    },
    { what: 'product × country, a month', gold: (gold) => readAggregatedSales(gold, month(-1)) },
    { what: 'product × country, the month that runs', gold: (gold) => readAggregatedSales(gold, month(0)) },
    {
      what: 'product × country, that month, one branch',
      gold: (gold) => readAggregatedSales(gold, { ...month(0), branch: BRANCH }),
    },
    { what: 'product × country, 30 days', gold: (gold) => readAggregatedSales(gold, last(30)) },
    { what: 'product × country, all time', gold: (gold) => readAggregatedSales(gold, all) },
  ];
};

const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The last days before `until`, in SQL that both databases read. */
const since = (column: string, days: number | undefined, until: number): string =>
  days === undefined
    ? ''
    : `WHERE ${column} >= '${new Date(until - days * DAY).toISOString().slice(0, 19).replace('T', ' ')}'`;
