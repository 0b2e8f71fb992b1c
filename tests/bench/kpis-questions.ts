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

/** The same question in plain SQL over the facts. */
export interface FromFacts {
  clickhouse: string;
  /** Over the tables of kpis-postgres.ts. */
  postgres: string;
}

export interface KpiQuestion {
  what: string;
  gold: () => Promise<unknown>;
  fromFacts?: FromFacts;
}

const DAY = 86_400_000;

/** The questions of the dashboard about sales that end at `until`. */
export const kpiQuestions = (gold: Gold, until: number): KpiQuestion[] => {
  const all = { from: 0, to: Date.UTC(2100, 0, 1) };
  const last = (days: number) => ({ from: until - days * DAY, to: until });
  const end = new Date(until);
  const monthStart = (later: number) => Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + later, 1);
  const month = (later: number) => ({ from: monthStart(later), to: Math.min(monthStart(later + 1), until) });
  const before = { from: until - 60 * DAY, to: until - 30 * DAY };
  const odd = { from: until - 30 * DAY + 7 * 60_000, to: until - 6 * 3_600_000 - 1 };
  const totals = (days?: number): FromFacts => ({
    clickhouse: `SELECT count(), sum(units), sum(total_minor), max(sold_at), groupBitmapIf(customer_number, customer_number != 0),
      sumMap(product_ids, quantities) FROM gold.purchases ${since('slot', days, until)}`,
    postgres: `SELECT count(*), sum(units), sum(total_minor), max(sold_at), count(DISTINCT customer_number) FILTER (WHERE customer_number != 0)
      FROM bench.purchases ${since('sold_at', days, until)}`,
  });
  return [
    { what: 'main figures, all time', gold: () => readKpis(gold, all, 3), fromFacts: totals() },
    { what: 'main figures, one branch, all time', gold: () => readKpis(gold, { ...all, branch: 'SMKT001' }, 3) },
    { what: 'main figures, 30 days', gold: () => readKpis(gold, last(30), 3), fromFacts: totals(30) },
    { what: 'main figures, 30 days, odd borders', gold: () => readKpis(gold, odd, 3) },
    { what: 'main figures, the last day', gold: () => readKpis(gold, last(1), 3), fromFacts: totals(1) },
    {
      what: 'top products by units, all time',
      gold: () => readTopProducts(gold, all, { limit: 3, by: 'units' }),
      fromFacts: {
        clickhouse:
          'SELECT product_id, sum(quantity) AS units, sum(revenue_minor) FROM gold.purchase_items GROUP BY product_id ORDER BY units DESC LIMIT 3 WITH TIES',
        postgres:
          'SELECT product_id, sum(quantity) AS units, sum(quantity * unit_price_minor) FROM bench.items GROUP BY product_id ORDER BY units DESC FETCH FIRST 3 ROWS WITH TIES',
      },
    },
    { what: 'products, 30 days beside the 30 before', gold: () => readProductRanking(gold, last(30), before) },
    { what: 'branches, 30 days beside the 30 before', gold: () => readBranchSales(gold, last(30), before) },
    { what: 'new and returning customers, 30 days', gold: () => readNewAndReturning(gold, last(30)) },
    { what: 'loyal customers by day, 30 days', gold: () => readLoyalCustomers(gold, last(30)) },
    {
      what: 'the same of one branch',
      gold: () => readLoyalCustomers(gold, { ...last(30), branch: 'SMKT001' }),
    },
    {
      what: 'retention, 6 months',
      gold: () => readRetention(gold, { branch: undefined, now: until - 1, months: 6 }),
    },
    {
      what: 'series by day, a year',
      gold: () => readSeries(gold, last(365), 'day'),
      fromFacts: {
        clickhouse: `SELECT toDate(slot) AS day, count(), sum(total_minor), groupBitmapIf(customer_number, customer_number != 0)
          FROM gold.purchases ${since('slot', 365, until)} GROUP BY day`,
        postgres: `SELECT date_trunc('day', sold_at) AS day, count(*), sum(total_minor), count(DISTINCT customer_number)
          FROM bench.purchases ${since('sold_at', 365, until)} GROUP BY day`,
      },
    },
    { what: 'series by hour, a week', gold: () => readSeries(gold, last(7), 'hour') },
    { what: 'hours of the day, 30 days', gold: () => readHourlySales(gold, last(30)) },
    { what: 'hours of the day, all time', gold: () => readHourlySales(gold, all) },
    { what: 'weekday × hour, 30 days', gold: () => readWeekGrid(gold, last(30)) },
    { what: 'weekday × hour, all time', gold: () => readWeekGrid(gold, all) },
    { what: 'product × country, a month', gold: () => readAggregatedSales(gold, month(-1)) },
    { what: 'product × country, the month that runs', gold: () => readAggregatedSales(gold, month(0)) },
    {
      what: 'product × country, that month, one branch',
      gold: () => readAggregatedSales(gold, { ...month(0), branch: 'SMKT001' }),
    },
    { what: 'product × country, 30 days', gold: () => readAggregatedSales(gold, last(30)) },
    { what: 'product × country, all time', gold: () => readAggregatedSales(gold, all) },
  ];
};

/** The last days before `until`, in SQL that both databases read. */
const since = (column: string, days: number | undefined, until: number): string =>
  days === undefined
    ? ''
    : `WHERE ${column} >= '${new Date(until - days * DAY).toISOString().slice(0, 19).replace('T', ' ')}'`;
