import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';
import * as model from './model.ts';
import type { Ask } from './questions.ts';
import { BRANCHES } from './world.ts';

const row = z.record(z.string(), z.union([z.string(), z.number()]));

/** What analysts read, by the plainest SQL over each view of gold: the same figures that the questions tell. */
const VIEWS = {
  days: `SELECT toUInt16(day) AS start, purchases, items, revenue_minor, gross_minor, discount_minor, returned_minor, returns, unique_customers FROM gold.days
    WHERE branch_id = {branch:String} AND (purchases > 0 OR returns > 0) ORDER BY start`,
  chain_days: `SELECT toUInt16(day) AS start, purchases, items, revenue_minor, gross_minor, discount_minor, returned_minor, returns, unique_customers FROM gold.chain_days
    WHERE purchases > 0 OR returns > 0 ORDER BY start`,
  hours: `SELECT hour, sum(purchases) AS purchases, sum(items) AS items, sum(revenue_minor) AS revenue_minor FROM gold.hours
    WHERE branch_id = {branch:String} GROUP BY hour HAVING purchases > 0 OR revenue_minor != 0 ORDER BY hour`,
  day_products: `SELECT toUInt16(day) AS start, product_id, units, revenue_minor, purchases FROM gold.day_products
    WHERE branch_id = {branch:String} AND (purchases > 0 OR revenue_minor != 0) ORDER BY start, product_id`,
  day_breakdown: `SELECT dimension, key, sum(purchases) AS purchases, sum(revenue_minor) AS revenue_minor, sum(returned_minor) AS returned_minor,
      sum(returns) AS returns, sum(items) AS items, sum(sold_minor) AS sold_minor, sum(discount_minor) AS discount_minor FROM gold.day_breakdown
    WHERE branch_id = {branch:String} GROUP BY dimension, key HAVING purchases > 0 OR returns > 0 ORDER BY dimension, key`,
  day_categories: `SELECT category AS key, sum(units) AS units, sum(revenue_minor) AS revenue_minor FROM gold.day_categories
    WHERE branch_id = {branch:String} GROUP BY category HAVING units != 0 OR revenue_minor != 0 ORDER BY revenue_minor DESC, key`,
  day_customers: `SELECT groupBitmapMerge(customers) AS customers FROM gold.day_customers WHERE branch_id = {branch:String}`,
  returns: `SELECT uniqExact(return_id) AS returns, sum(returned_minor) AS returned_minor, countIf(return_id = purchase_id) AS confused FROM gold.returns`,
  milestones: `SELECT sumIf(customers, milestone = 'first') AS first, sumIf(customers, milestone = 'loyal') AS loyal FROM gold.milestone_days
    WHERE branch_id = {branch:String}`,
} as const;

const read = (clickhouse: ClickHouse, view: keyof typeof VIEWS, branch: string) =>
  clickhouse.rows({ name: view, sql: VIEWS[view], params: { branch }, row });

/** The views of gold beside the model, for the chain and the first branch, of all time. */
export const views: Ask = async (gold, clickhouse, world) => {
  const all = { from: 0, to: Date.UTC(2100, 0, 1) };
  const branch = BRANCHES[0];
  const [chain, here] = [undefined, branch].map((of) => model.inScope(world.arrived(), { ...all, branch: of })) as [
    model.Sale[],
    model.Sale[],
  ];
  const byDay = (sales: model.Sale[]) => {
    const days = [...new Set(sales.map((sale) => gold.calendar.dayOf(sale.soldAt)))].sort((a, b) => a - b);
    return days.map((start) => ({
      start,
      ...model.totals(sales.filter((sale) => gold.calendar.dayOf(sale.soldAt) === start)),
    }));
  };
  const categoryOf = (product: string) => world.categoryOf(product);
  const brokenDown = (['cashier', 'channel', 'tender'] as const).flatMap((dimension) =>
    model
      .breakdown(here, dimension, categoryOf)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ key, ...row }) => {
        const figures: Record<string, number> = { items: 0, discount_minor: 0, ...row };
        const { revenue_minor = 0, returned_minor = 0, items, discount_minor, returns } = figures;
        const sums = { revenue_minor, returned_minor, items, discount_minor, returns };
        const purchases = figures.purchases_with_it ?? figures.purchases;
        return { dimension, key, purchases, ...sums, sold_minor: revenue_minor + returned_minor };
      }),
  );
  const milestones = (sales: model.Sale[], of: string | undefined) => [
    { first: model.totals(sales).unique_customers, loyal: world.loyalArrived(of, all.to) },
  ];
  return {
    given: {
      days: await read(clickhouse, 'days', branch),
      chain_days: await read(clickhouse, 'chain_days', ''),
      hours: await read(clickhouse, 'hours', branch),
      day_products: await read(clickhouse, 'day_products', branch),
      day_breakdown: await read(clickhouse, 'day_breakdown', branch),
      day_categories: await read(clickhouse, 'day_categories', branch),
      customers: [
        ...(await read(clickhouse, 'day_customers', '')),
        ...(await read(clickhouse, 'day_customers', branch)),
      ],
      returns: await read(clickhouse, 'returns', ''),
      milestones: [...(await read(clickhouse, 'milestones', '')), ...(await read(clickhouse, 'milestones', branch))],
    },
    expected: {
      days: byDay(here),
      chain_days: byDay(chain),
      hours: model.hourly(here, gold.calendar).filter((hour) => hour.purchases > 0 || hour.revenue_minor !== 0),
      day_products: model
        .productsByDay(here, gold.calendar)
        .filter((product) => product.purchases > 0 || product.revenue_minor !== 0),
      day_breakdown: brokenDown,
      day_categories: model.breakdown(here, 'category', categoryOf).map(({ share: _, ...row }) => row),
      customers: [chain, here].map((sales) => ({ customers: model.totals(sales).unique_customers })),
      returns: [
        { returns: model.totals(chain).returns, returned_minor: model.totals(chain).returned_minor, confused: 0 },
      ],
      milestones: [...milestones(chain, undefined), ...milestones(here, branch)],
    },
  };
};
