import { dateOf } from '@tillstream/clickhouse/calendar/shop-calendar';
import { readFrequency } from '@tillstream/clickhouse/questions/customers/frequency';
import { readRetention } from '@tillstream/clickhouse/questions/customers/retention';
import { pseudonymOf, readTopCustomers } from '@tillstream/clickhouse/questions/customers/top-customers';
import { readBranchSales } from '@tillstream/clickhouse/questions/figures/branch-sales';
import { averageBasket } from '@tillstream/clickhouse/questions/figures/totals';
import { type Gold, openGold } from '@tillstream/clickhouse/questions/gold';
import { readBoughtTogether } from '@tillstream/clickhouse/questions/products/bought-together';
import { readProductRanking } from '@tillstream/clickhouse/questions/products/product-ranking';
import { readProductSales } from '@tillstream/clickhouse/questions/products/product-sales';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVERYTHING } from '../api/parameters.ts';
import { type Engine, startEngine } from '../testing/engine.ts';
import { catalogEvents, PRODUCTS, priceOf, random, type Sale, salesEvents, totalOf } from '../testing/shop.ts';

const DAY = 86_400_000;
const LAST = Date.parse('2026-11-20T14:05:00Z');
const next = random(7);
const pick = (count: number) => Math.floor(next() * count);

/** Four months of sales of a few customers; some void, some without a card. */
const sales: Sale[] = Array.from({ length: 400 }, () => {
  const products = PRODUCTS.filter(() => next() < 0.4).map(({ product_id }) => product_id);
  return {
    branch_id: next() < 0.7 ? 'SMKT001' : 'SMKT002',
    customer: next() < 0.2 ? 0 : 1 + pick(60),
    sold_at: LAST - pick(120 * 24 * 60) * 60_000,
    products: products.length === 0 ? ['milk'] : products,
    voided: next() < 0.05,
  };
}).sort((a, b) => a.sold_at - b.sold_at);

const counted = sales.filter((sale) => !sale.voided);
const SCOPES = [
  { name: 'everything', from: EVERYTHING.from, to: EVERYTHING.to },
  { name: 'a branch', from: EVERYTHING.from, to: EVERYTHING.to, branch: 'SMKT002' },
  { name: 'a month with odd ends', from: LAST - 40 * DAY + 12_345, to: LAST - 10 * DAY - 5 },
];
const inScope = ({ from, to, branch }: { from: number; to: number; branch?: string }) =>
  counted.filter((s) => s.sold_at >= from && s.sold_at < to && (branch === undefined || s.branch_id === branch));
const units = (found: Sale[], product: string) => found.filter((sale) => sale.products.includes(product)).length;
const revenue = (found: Sale[]) => found.reduce((sum, sale) => sum + totalOf(sale), 0);

let engine: Engine;
let gold: Gold;

beforeAll(async () => {
  engine = await startEngine();
  gold = openGold(engine, { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '04:00' });
}, 120_000);
afterAll(() => engine?.close());

describe('without any sale', () => {
  it('answers nothing', async () => {
    expect(await readProductRanking(gold, EVERYTHING, EVERYTHING)).toEqual({ as_of: null, products: [] });
    expect(await readProductSales(gold, EVERYTHING, 'milk', 'hour')).toEqual([]);
    expect(await readBoughtTogether(engine, { from: LAST - DAY, to: LAST }, { product: 'milk' })).toEqual({
      baskets: 0,
      with_product: 0,
      products: [],
    });
    expect(await readBranchSales(gold, EVERYTHING, undefined)).toEqual({ as_of: null, branches: [] });
    expect(await readFrequency(engine, undefined)).toEqual({ rows: [] });
    expect(await readTopCustomers(engine, { branch: undefined, limit: 5 })).toEqual({ customers: [] });
    expect(await readRetention(gold, { branch: undefined, now: LAST, months: 4 })).toEqual({ cohorts: [] });
  });
});

describe('with sales', () => {
  beforeAll(async () => {
    await engine.send([...catalogEvents(), ...salesEvents(sales)]);
  }, 60_000);

  it.each(SCOPES)('the ranking and its comparison: $name', async (scope) => {
    const before = { ...scope, from: LAST - 90 * DAY, to: LAST - 40 * DAY };
    const [now, then] = [inScope(scope), inScope(before)];
    const expected = PRODUCTS.map(({ product_id, name }) => ({
      product_id,
      product: name,
      units: units(now, product_id),
      revenue_minor: units(now, product_id) * priceOf(product_id),
      purchases: units(now, product_id),
      units_before: units(then, product_id),
      revenue_before_minor: units(then, product_id) * priceOf(product_id),
    })).sort((a, b) => b.units - a.units || (a.product < b.product ? -1 : 1));
    expect((await readProductRanking(gold, scope, before)).products).toEqual(expected);
    const alone = await readProductRanking(gold, scope, undefined);
    expect(alone.products).toEqual(
      expected.map((product) => ({ ...product, units_before: 0, revenue_before_minor: 0 })),
    );
    expect(alone.as_of).toBe(new Date(now.at(-1)?.sold_at ?? 0).toISOString());
  });

  it.each(SCOPES)('one product by day, hour and branch: $name', async (scope) => {
    const found = inScope(scope).filter((sale) => sale.products.includes('coffee'));
    const keys = {
      day: (sale: Sale) => String(gold.calendar.dayOf(sale.sold_at)),
      hour: (sale: Sale) => String(new Date(gold.calendar.wallAt(sale.sold_at)).getUTCHours()),
      branch: (sale: Sale) => sale.branch_id,
    };
    for (const by of ['day', 'hour', 'branch'] as const) {
      const expected: Record<string, number> = {};
      for (const sale of found) expected[keys[by](sale)] = (expected[keys[by](sale)] ?? 0) + 1;
      const rows = await readProductSales(gold, scope, 'coffee', by);
      expect(Object.fromEntries(rows.map((row) => [row.key, row.units]))).toEqual(expected);
      for (const row of rows) {
        expect(row).toMatchObject({ purchases: row.units, revenue_minor: row.units * priceOf('coffee') });
      }
    }
    expect(await readProductSales(gold, scope, "no'such", 'day')).toEqual([]);
  });

  it('what is bought together', async () => {
    const scope = { from: LAST - 28 * DAY, to: LAST + 1 };
    const found = inScope(scope);
    const withMilk = found.filter((sale) => sale.products.includes('milk'));
    const answer = await readBoughtTogether(engine, scope, { product: 'milk' });
    expect(answer.baskets).toBe(found.length);
    expect(answer.with_product).toBe(withMilk.length);
    expect(answer.products).toHaveLength(PRODUCTS.length - 1);
    for (const other of answer.products) {
      expect(other.together).toBe(units(withMilk, other.product_id));
      expect(other.support).toBeCloseTo(other.together / found.length);
      expect(other.confidence).toBeCloseTo(other.together / withMilk.length);
      expect(other.lift).toBeCloseTo(other.confidence / (units(found, other.product_id) / found.length));
    }
    const few = await readBoughtTogether(engine, scope, { product: 'milk', limit: 2 });
    expect(few.products).toEqual(answer.products.slice(0, 2));
  });

  it('branches side by side', async () => {
    const scope = { from: LAST - 30 * DAY, to: LAST + 1 };
    const before = { from: LAST - 60 * DAY, to: LAST - 30 * DAY };
    const { branches } = await readBranchSales(gold, scope, before);
    expect(branches.map(({ branch_id }) => branch_id)).toEqual(['SMKT001', 'SMKT002']);
    for (const found of branches) {
      const now = inScope({ ...scope, branch: found.branch_id });
      const then = inScope({ ...before, branch: found.branch_id });
      const times = (customer: number) =>
        counted.filter((sale) => sale.customer === customer && sale.branch_id === found.branch_id).length;
      expect(found).toEqual({
        branch_id: found.branch_id,
        purchases: now.length,
        items: now.reduce((sum, sale) => sum + sale.products.length, 0),
        revenue_minor: revenue(now),
        gross_minor: revenue(now),
        discount_minor: 0,
        returned_minor: 0,
        returns: 0,
        average_basket_minor: averageBasket(revenue(now), now.length),
        unique_customers: new Set(now.map((sale) => sale.customer).filter(Boolean)).size,
        loyal_customers: Array.from({ length: 60 }, (_, index) => index + 1).filter((c) => times(c) >= 3).length,
        purchases_before: then.length,
        revenue_before_minor: revenue(then),
        newest_sale: new Date(now.at(-1)?.sold_at ?? 0).toISOString(),
      });
    }
  });

  it.each([undefined, 'SMKT001'])('how often customers come, and the best of them: %s', async (branch) => {
    const found = inScope({ ...EVERYTHING, branch }).filter((sale) => sale.customer !== 0);
    const customers = [...new Set(found.map((sale) => sale.customer))];
    const of = (customer: number) => found.filter((sale) => sale.customer === customer);
    const { rows } = await readFrequency(engine, branch);
    expect(rows.reduce((sum, row) => sum + row.customers, 0)).toBe(customers.length);
    for (const row of rows) {
      const expected = customers.filter((customer) => Math.min(20, of(customer).length) === row.purchases);
      expect(row.customers).toBe(expected.length);
    }
    const best = (await readTopCustomers(engine, { branch, limit: 5 })).customers;
    const spent = customers.map((customer) => revenue(of(customer))).sort((a, b) => b - a);
    expect(best.map((customer) => customer.spent_minor)).toEqual(spent.slice(0, 5));
    for (const { pseudonym } of best) expect(pseudonym).toMatch(/^[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}$/);
    expect(pseudonymOf('a')).toBe(pseudonymOf('a'));
    expect(pseudonymOf('a')).not.toBe(pseudonymOf('b'));
  });

  it.each([undefined, 'SMKT001'])('retention by month of first purchase: %s', async (branch) => {
    const found = inScope({ ...EVERYTHING, branch }).filter((sale) => sale.customer !== 0);
    const monthOf = (sale: Sale) => dateOf(gold.calendar.dayOf(sale.sold_at)).slice(0, 7);
    const months = ['2026-09', '2026-10', '2026-11'];
    const first = new Map<number, string>();
    for (const sale of found) if (!first.has(sale.customer)) first.set(sale.customer, monthOf(sale));
    const expected = months.map((month, index) => ({
      month,
      customers: months
        .slice(index)
        .map(
          (later) =>
            new Set(found.filter((s) => first.get(s.customer) === month && monthOf(s) === later).map((s) => s.customer))
              .size,
        ),
    }));
    const { cohorts } = await readRetention(gold, { branch, now: LAST, months: 3 });
    expect(cohorts).toEqual(expected);
    const triangle = (await readRetention(gold, { branch, now: LAST, months: 6 })).cohorts;
    expect(triangle.reduce((sum, { customers }) => sum + (customers[0] ?? 0), 0)).toBe(first.size);
  });
});
