import type { ClickHouse } from '@tillstream/clickhouse/client';
import { readBreakdown, readBreakdowns } from '@tillstream/clickhouse/questions/breakdown/breakdown';
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
import { readProductSales } from '@tillstream/clickhouse/questions/products/product-sales';
import { readTopProducts } from '@tillstream/clickhouse/questions/products/top-products';
import * as model from './model.ts';
import { THRESHOLD, type World } from './world.ts';

/** A question in two versions that must agree: asked of ClickHouse, and worked out from the sales. */
interface Asked {
  given: unknown;
  expected: unknown;
}

export type Ask = (gold: Gold, clickhouse: ClickHouse, world: World, scope: model.ModelScope) => Promise<Asked>;

const kpis: Ask = async (gold, _clickhouse, world, scope) => {
  const sales = model.inScope(world.arrived(), scope);
  return {
    given: await readKpis(gold, scope, THRESHOLD),
    expected: {
      as_of: model.asOf(sales),
      ...model.totals(sales),
      average_basket_minor: model.averageBasket(sales),
      loyal_customers: world.loyalArrived(scope.branch, scope.to),
      loyal_threshold: THRESHOLD,
      top_products: model.topProducts(sales, 3, 'units'),
    },
  };
};

const topProducts: Ask = async (gold, _clickhouse, world, scope) => {
  const sales = model.inScope(world.arrived(), scope);
  return {
    given: await readTopProducts(gold, scope, { limit: 2, by: 'revenue' }),
    expected: { as_of: model.asOf(sales), products: model.topProducts(sales, 2, 'revenue_minor') },
  };
};

const newAndReturning: Ask = async (gold, _clickhouse, world, scope) => ({
  given: await readNewAndReturning(gold, scope),
  expected: {
    as_of: model.asOf(model.inScope(world.arrived(), scope)),
    ...model.newAndReturning(world.arrived(), scope),
  },
});

const series =
  (by: 'hour' | 'day'): Ask =>
  async (gold, _clickhouse, world, scope) => {
    const sales = world.arrived();
    return {
      given: await readSeries(gold, scope, by),
      expected: {
        as_of: model.asOf(model.inScope(sales, scope)),
        points: model.series(sales, scope, by, gold.calendar),
      },
    };
  };

const hourly: Ask = async (gold, _clickhouse, world, scope) => {
  const sales = model.inScope(world.arrived(), scope);
  return {
    given: await readHourlySales(gold, scope),
    expected: { as_of: model.asOf(sales), hours: model.hourly(sales, gold.calendar) },
  };
};

const weekGrid: Ask = async (gold, _clickhouse, world, scope) => {
  const sales = model.inScope(world.arrived(), scope);
  return {
    given: await readWeekGrid(gold, scope),
    expected: { as_of: model.asOf(sales), cells: model.weekGrid(sales, gold.calendar) },
  };
};

const aggregated: Ask = async (gold, _clickhouse, world, scope) => {
  const sales = model.inScope(world.arrived(), scope);
  return {
    given: await readAggregatedSales(gold, scope),
    expected: {
      as_of: model.asOf(sales),
      rows: model.aggregated(sales, gold.calendar, (branch) => world.countryOf(branch)),
    },
  };
};

const loyalByDay: Ask = async (gold, _clickhouse, world, scope) => {
  const starts = [...gold.calendar.starts('day', scope)];
  return {
    given: await readLoyalCustomers(gold, scope),
    expected: starts.map((start, index) => ({
      start: new Date(start).toISOString(),
      loyal_customers: world.loyalArrived(scope.branch, Math.min(starts[index + 1] ?? scope.to, scope.to)),
    })),
  };
};

/** The stretch before a scope, as long as it. */
const earlier = (scope: model.ModelScope): model.ModelScope => ({
  ...scope,
  from: Math.max(0, scope.from - (scope.to - scope.from)),
  to: scope.from,
});

const productRanking: Ask = async (gold, _clickhouse, world, scope) => {
  const [now, before] = [scope, earlier(scope)].map((each) => model.inScope(world.arrived(), each));
  const { products } = await readProductRanking(gold, scope, earlier(scope));
  // A product of which only a return of nothing is known may be told of or not.
  const sold = (product: (typeof products)[number]) =>
    product.units > 0 || product.units_before > 0 || product.revenue_minor !== 0 || product.revenue_before_minor !== 0;
  return { given: products, expected: model.productRanking(now ?? [], before ?? []).filter(sold) };
};

const hasSales = (branch: {
  purchases: number;
  purchases_before: number;
  revenue_minor: number;
  revenue_before_minor: number;
}) =>
  branch.purchases > 0 ||
  branch.purchases_before > 0 ||
  branch.revenue_minor !== 0 ||
  branch.revenue_before_minor !== 0;

const branchSales: Ask = async (gold, _clickhouse, world, scope) => {
  const [now = [], before = []] = [scope, earlier(scope)].map((each) => model.inScope(world.arrived(), each));
  const { branches } = await readBranchSales(gold, scope, earlier(scope));
  return {
    // A branch whose sales of both periods are all void may be told of, with zeros.
    given: branches.filter(hasSales),
    expected: model
      .branchSales(now, before)
      .map((branch) => ({ ...branch, loyal_customers: world.loyalArrived(branch.branch_id, scope.to) }))
      .filter(hasSales),
  };
};

const productSales =
  (by: 'day' | 'hour' | 'branch'): Ask =>
  async (gold, _clickhouse, world, scope) => {
    const given = await readProductSales(gold, scope, 'milk', by);
    const { calendar } = gold;
    const keyOf = {
      day: (sale: model.Sale) => calendar.dayOf(sale.soldAt),
      hour: (sale: model.Sale) => model.hourOf(sale, calendar),
      branch: (sale: model.Sale) => sale.branch,
    };
    return {
      given: given.sort((a, b) => (a.key < b.key ? -1 : 1)),
      expected: model.productSales(model.inScope(world.arrived(), scope), 'milk', keyOf[by]),
    };
  };

const breakdown =
  (by: model.BreakdownBy): Ask =>
  async (gold, _clickhouse, world, scope) => {
    const sales = model.inScope(world.arrived(), scope);
    return {
      given: await readBreakdown(gold, scope, by),
      expected: { as_of: model.asOf(sales), rows: model.breakdown(sales, by, (product) => world.categoryOf(product)) },
    };
  };

const breakdowns: Ask = async (gold, _clickhouse, world, scope) => {
  const sales = model.inScope(world.arrived(), scope);
  const of = (by: model.BreakdownBy) => model.breakdown(sales, by, (product) => world.categoryOf(product));
  return {
    given: await readBreakdowns(gold, scope),
    expected: { channel: of('channel'), cashier: of('cashier'), tender: of('tender') },
  };
};

const breakdownSeries =
  (by: model.BreakdownBy, key?: string): Ask =>
  async (gold, _clickhouse, world, scope) => {
    const sales = model.inScope(world.arrived(), scope);
    const { rows } = await readBreakdownSeries(gold, scope, { by, key });
    return {
      given: rows,
      expected: model
        .breakdownSeries(sales, by, (product) => world.categoryOf(product), gold.calendar)
        .filter((row) => key === undefined || row.key === key),
    };
  };

const retention: Ask = async (gold, _clickhouse, world, { branch }) => {
  const now = Date.UTC(2025, 10, 20);
  const sales = model.inScope(world.arrived(), { from: 0, to: now, branch });
  const { cohorts } = await readRetention(gold, { branch, now, months: 2 });
  return {
    given: cohorts.filter(({ customers }) => customers.some((count) => count > 0)),
    expected: model.retention(sales, ['2025-10', '2025-11'], gold.calendar),
  };
};

/** By the names of their statements. */
export const NAMED_QUESTIONS: Readonly<Record<string, Ask>> = {
  kpis,
  top_products: topProducts,
  new_and_returning: newAndReturning,
  series_by_hour: series('hour'),
  series_by_day: series('day'),
  hourly_sales: hourly,
  week_grid: weekGrid,
  aggregated_sales: aggregated,
  loyal_customers: loyalByDay,
  product_ranking: productRanking,
  branch_sales: branchSales,
  product_sales_by_day: productSales('day'),
  product_sales_by_hour: productSales('hour'),
  product_sales_by_branch: productSales('branch'),
  retention,
  breakdown_by_category: breakdown('category'),
  breakdown_by_channel: breakdown('channel'),
  breakdown_by_tender: breakdown('tender'),
  breakdown_by_cashier: breakdown('cashier'),
  breakdowns,
  breakdown_series_by_category: breakdownSeries('category', 'Fresh'),
  breakdown_series_by_cashier: breakdownSeries('cashier'),
};
