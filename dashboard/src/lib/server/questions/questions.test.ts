import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import { dateOf, type ShopCalendar, shopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { readHourlySales } from '@tillstream/clickhouse/questions/figures/hourly-sales';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { readSeries } from '@tillstream/clickhouse/questions/figures/series';
import { averageBasket } from '@tillstream/clickhouse/questions/figures/totals';
import { type Gold, openGold } from '@tillstream/clickhouse/questions/gold';
import { readAggregatedSales } from '@tillstream/clickhouse/questions/products/aggregated-sales';
import { readTopProducts } from '@tillstream/clickhouse/questions/products/top-products';
import { aggregatedSales, hourlySales, kpis, series, topProducts } from '@tillstream/schemas/read-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Today } from '../../figures/figures.ts';
import { EVERYTHING } from '../api/parameters.ts';
import { requireFewPoints } from '../api/points.ts';
import { type Engine, startEngine } from '../testing/engine.ts';
import {
  BRANCHES,
  catalogEvents,
  PRODUCTS,
  priceOf,
  random,
  type Sale,
  salesEvents,
  totalOf,
} from '../testing/shop.ts';
import { readBranches } from './catalog/branches.ts';
import { readProductNames } from './catalog/product-names.ts';
import { readLastPurchases } from './sales/last-purchases.ts';
import { newestSale } from './sales/newest-sale.ts';
import { readSameWeekdays } from './sales/same-weekdays.ts';
import { readToday } from './sales/today.ts';
import { withinSales } from './sales/within-sales.ts';
import { readOpenVersion } from './versions.ts';

/** Around Berlin's change of the clock on 2026-10-25, ends included. */
const FIRST = Date.UTC(2026, 9, 18);
const LAST = Date.UTC(2026, 10, 3);

const sales = ((): Sale[] => {
  const next = random(7);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  // Butter and eggs are only sold together, so that they tie.
  const sets = [
    ['milk'],
    ['bread', 'milk'],
    ['coffee'],
    ['butter', 'eggs'],
    ['milk', 'orange-juice'],
    ['unlisted', 'milk'],
  ];
  return Array.from({ length: 600 }, (_, index) => ({
    // The third branch has no sale.
    branch_id: pick(['SMKT001', 'SMKT001', 'SMKT002']),
    customer: next() < 0.2 ? 0 : 1 + Math.floor(next() * 120),
    // Some on the very edges of hours and days.
    sold_at:
      index % 10 === 0 ? FIRST + Math.floor(next() * 16 * 24) * 3_600_000 : Math.floor(FIRST + next() * (LAST - FIRST)),
    products: pick(sets),
    voided: next() < 0.08,
  }));
})();

/** Events of sales that are none of those above: their ids begin with another digit. */
const purchasesOf = (others: Sale[], digit: number) =>
  salesEvents(others).map(
    (event) =>
      JSON.parse(
        JSON.stringify(event).replaceAll('00000000-0000-4000-8000', `${digit}0000000-0000-4000-8000`),
      ) as typeof event,
  );

const inScope = (scope: Scope) =>
  sales.filter(
    (sale) =>
      !sale.voided &&
      sale.sold_at >= scope.from &&
      sale.sold_at < scope.to &&
      (scope.branch === undefined || sale.branch_id === scope.branch),
  );

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
const customersOf = (found: Sale[]) => new Set(found.map((sale) => sale.customer).filter(Boolean)).size;
const sumsOf = (found: Sale[]) => ({
  purchases: found.length,
  items: sum(found.map((sale) => sale.products.length)),
  revenue_minor: sum(found.map(totalOf)),
});
/** Nothing is discounted or comes back here: tests/property has that. */
const moneyOf = (gross_minor: number) => ({ gross_minor, discount_minor: 0, returned_minor: 0, returns: 0 });
const totalsOf = (found: Sale[]) => ({
  ...sumsOf(found),
  ...moneyOf(sumsOf(found).revenue_minor),
  unique_customers: customersOf(found),
});
const asOf = (found: Sale[]) =>
  found.length === 0 ? null : new Date(Math.max(...found.map((sale) => sale.sold_at))).toISOString();

const ranking = (found: Sale[], by: 'units' | 'revenue_minor', limit: number) => {
  const products = [...new Set(found.flatMap((sale) => sale.products))].map((product_id) => {
    const units = found.filter((sale) => sale.products.includes(product_id)).length;
    const product = PRODUCTS.find((known) => known.product_id === product_id)?.name ?? product_id;
    return { product_id, product, units, revenue_minor: units * priceOf(product_id) };
  });
  return products
    .map((product) => ({ ...product, rank: 1 + products.filter((other) => other[by] > product[by]).length }))
    .filter((product) => product.rank <= limit)
    .sort((a, b) => a.rank - b.rank || (a.product < b.product ? -1 : 1));
};

const loyalBefore = (scope: Scope) => {
  const counted = inScope({ ...EVERYTHING, branch: scope.branch });
  return [...new Set(counted.map((sale) => sale.customer))].filter((customer) => {
    const times = counted.filter((sale) => sale.customer === customer).map((sale) => sale.sold_at);
    const third = times.sort((a, b) => a - b)[2];
    return customer !== 0 && third !== undefined && third < scope.to;
  }).length;
};

let engine: Engine;
let gold: Gold;

/** The figures as a shop with this calendar reads them. */
const goldOf = (calendar: ShopCalendar): Gold =>
  openGold(engine, {
    SHOP_TIMEZONE: calendar.timeZone,
    BUSINESS_DAY_START: new Date(calendar.dayStartMinutes * 60_000).toISOString().slice(11, 16),
  });

beforeAll(async () => {
  engine = await startEngine();
  gold = goldOf(shopCalendar('UTC', '00:00'));
}, 120_000);

afterAll(() => engine?.close());

describe('without any sale', () => {
  it('answers zeros and no moment', async () => {
    expect(await readKpis(gold, EVERYTHING, 3)).toEqual({
      as_of: null,
      purchases: 0,
      items: 0,
      revenue_minor: 0,
      ...moneyOf(0),
      average_basket_minor: 0,
      unique_customers: 0,
      loyal_customers: 0,
      loyal_threshold: 3,
      top_products: [],
    });
    expect(await readTopProducts(gold, EVERYTHING, { limit: 3, by: 'units' })).toEqual({ as_of: null, products: [] });
    expect(await withinSales(gold, EVERYTHING)).toBeUndefined();
    expect(await newestSale(gold, EVERYTHING)).toBeNull();
    expect((await readHourlySales(gold, EVERYTHING)).hours).toHaveLength(24);
    expect(await readLastPurchases(engine, { watched: [undefined, 'SMKT001'], now: LAST, limit: 5 })).toEqual(
      new Map([
        [undefined, []],
        ['SMKT001', []],
      ]),
    );
    const watched = [undefined, 'SMKT001'];
    const calendar = shopCalendar('UTC', '00:00');
    for (const today of (await readToday(engine, { watched, now: LAST, calendar })).values()) {
      expect(today.so_far).toEqual({ purchases: 0, revenue_minor: 0, average_basket_minor: 0 });
      expect(today.hours).toHaveLength(24);
    }
  });
});

describe('with sales that came twice, out of order, void and without a card', () => {
  beforeAll(async () => {
    const events = [...catalogEvents(), ...salesEvents(sales)];
    await engine.send([...events].reverse());
    await engine.send(events.filter((_, index) => index % 3 === 0));
  }, 60_000);

  const calendars: [string, ShopCalendar][] = [
    ['UTC', shopCalendar('UTC', '00:00')],
    ['Berlin from 04:00', shopCalendar('Europe/Berlin', '04:00')],
    ['Berlin from 02:30', shopCalendar('Europe/Berlin', '02:30')],
    ['Kathmandu', shopCalendar('Asia/Kathmandu', '00:00')],
    ['New York from 04:30', shopCalendar('America/New_York', '04:30')],
    ['Lord Howe', shopCalendar('Australia/Lord_Howe', '00:00')],
  ];
  const scopes: [string, Scope][] = [
    ['all', EVERYTHING],
    ['a branch', { ...EVERYTHING, branch: 'SMKT002' }],
    ['a branch without sales', { ...EVERYTHING, branch: 'SMKT003' }],
    ['a period with odd ends', { from: FIRST + 100_000_001, to: LAST - 200_000_003 }],
    ['a period that begins and ends with a sale', { from: sales[10]?.sold_at ?? 0, to: (sales[10]?.sold_at ?? 0) + 1 }],
    ['a period and a branch', { branch: 'SMKT001', from: FIRST + 100_000_001, to: LAST - 200_000_003 }],
    ['a period without sales', { from: LAST + 1, to: LAST + 86_400_000 }],
  ];

  it.each(scopes)('kpis: %s', async (_, scope) => {
    const found = inScope(scope);
    const answer = await readKpis(gold, scope, 3);
    expect(answer).toEqual({
      as_of: asOf(found),
      ...totalsOf(found),
      average_basket_minor: averageBasket(totalsOf(found).revenue_minor, found.length),
      loyal_customers: loyalBefore(scope),
      loyal_threshold: 3,
      top_products: ranking(found, 'units', 3),
    });
    expect(kpis.parse(answer)).toEqual(answer);
  });

  it.each(scopes)('top products: %s', async (_, scope) => {
    const found = inScope(scope);
    for (const limit of [1, 3, 4, 100]) {
      const answer = await readTopProducts(gold, scope, { limit, by: 'units' });
      expect(answer).toEqual({ as_of: asOf(found), products: ranking(found, 'units', limit) });
      expect(topProducts.parse(answer)).toEqual(answer);
    }
    const products = ranking(found, 'revenue_minor', 2);
    expect(await readTopProducts(gold, scope, { limit: 2, by: 'revenue' })).toEqual({ as_of: asOf(found), products });
  });

  it('keeps products that tie', () => {
    const ranks = ranking(inScope(EVERYTHING), 'units', 100).map((product) => product.rank);
    expect(new Set(ranks).size).toBeLessThan(ranks.length);
  });

  it.each(calendars)('hours of the clock: %s', async (_, calendar) => {
    for (const [, scope] of scopes) {
      const found = inScope(scope);
      const answer = await readHourlySales(goldOf(calendar), scope);
      expect(answer).toEqual({
        as_of: asOf(found),
        hours: Array.from({ length: 24 }, (_, hour) => ({
          hour,
          ...sumsOf(found.filter((sale) => new Date(calendar.wallAt(sale.sold_at)).getUTCHours() === hour)),
        })),
      });
      expect(hourlySales.parse(answer)).toEqual(answer);
    }
  });

  it.each(calendars)('series: %s', async (_, calendar) => {
    for (const by of ['hour', 'day'] as const) {
      for (const branch of [undefined, 'SMKT002', 'SMKT003']) {
        const scope = { branch, from: FIRST + 100_000_001, to: LAST + 86_400_000 };
        const found = inScope(scope);
        const answer = await readSeries(goldOf(calendar), scope, by);
        const starts = [...calendar.starts(by, scope)];
        expect(answer).toEqual({
          as_of: asOf(found),
          points: starts.map((start, index) => ({
            start: new Date(start).toISOString(),
            ...(by === 'day' ? totalsOf : sumsOf)(
              found.filter((sale) => sale.sold_at >= start && sale.sold_at < (starts[index + 1] ?? Infinity)),
            ),
          })),
        });
        expect(series.parse(answer)).toEqual(answer);
      }
    }
  });

  it('refuses a series that no chart can show', () => {
    const scope = { from: 0, to: LAST };
    expect(() => requireFewPoints(gold.calendar, 'hour', scope)).toThrow(/more than/);
  });

  it.each(calendars)('by product, country and month: %s', async (_, calendar) => {
    for (const branch of [undefined, 'SMKT002', 'SMKT003']) {
      const scope = { branch, from: FIRST, to: LAST };
      const found = inScope(scope);
      const answer = await readAggregatedSales(goldOf(calendar), scope);
      expect(aggregatedSales.parse(answer)).toEqual(answer);
      const countryOf = (sale: Sale) => BRANCHES.find((known) => known.branch_id === sale.branch_id)?.country;
      const monthOf = (sale: Sale) => dateOf(calendar.dayOf(sale.sold_at)).slice(0, 7);
      const keys = new Set(
        found.flatMap((sale) => sale.products.map((product) => `${product}|${countryOf(sale)}|${monthOf(sale)}`)),
      );
      const keyOf = (part: { product_id: string; country: string; month: string }) =>
        `${part.product_id}|${part.country}|${part.month}`;
      expect(new Set(answer.rows.map(keyOf))).toEqual(keys);
      expect(answer.rows).toHaveLength(keys.size);
      for (const part of answer.rows) {
        const baskets = found.filter(
          (sale) =>
            sale.products.includes(part.product_id) && countryOf(sale) === part.country && monthOf(sale) === part.month,
        );
        expect(part).toMatchObject({
          purchases: baskets.length,
          units: baskets.length,
          revenue_minor: baskets.length * priceOf(part.product_id),
          average_basket_minor: averageBasket(sum(baskets.map(totalOf)), baskets.length),
          unique_customers: customersOf(baskets),
        });
      }
    }
  });

  it.each(calendars)('today and the same weekday before: %s', async (_, calendar) => {
    for (const now of [Date.UTC(2026, 9, 25, 13, 37), Date.UTC(2026, 10, 1, 6, 20), Date.UTC(2026, 9, 31, 23, 59)]) {
      const all = [undefined, 'SMKT001', 'SMKT002', 'SMKT003'];
      const together = await readToday(engine, { watched: all, now, calendar });
      expect([...together.keys()]).toEqual(all);
      for (const branch of all) {
        const day = calendar.dayOf(now);
        const until = calendar.instantOf(calendar.wallAt(now) - 7 * 86_400_000);
        const today = inScope({ branch, from: calendar.dayStart(day), to: calendar.dayStart(day + 1) });
        const before = inScope({ branch, from: calendar.dayStart(day - 7), to: calendar.dayStart(day - 6) });
        const answer = together.get(branch) as Today;
        expect((await readToday(engine, { watched: [branch], now, calendar })).get(branch)).toEqual(answer);
        const totals = (found: Sale[]) => ({
          purchases: found.length,
          revenue_minor: sum(found.map(totalOf)),
          average_basket_minor: averageBasket(sum(found.map(totalOf)), found.length),
        });
        expect(answer.so_far).toEqual(totals(today));
        expect(answer.before).toEqual(totals(before.filter((sale) => sale.sold_at < until)));
        expect(sum(answer.hours.map((hour) => hour.today.purchases))).toBe(today.length);
        expect(sum(answer.hours.map((hour) => hour.before.purchases))).toBe(before.length);
        const hourOf = (sale: Sale) => {
          const minutes = Math.floor(calendar.wallAt(sale.sold_at) / 60_000) - calendar.dayStartMinutes;
          return Math.floor((minutes % 1440) / 60);
        };
        answer.hours.forEach((hour, index) => {
          expect(hour.today.purchases).toBe(today.filter((sale) => hourOf(sale) === index).length);
          expect(hour.before.revenue_minor).toBe(sum(before.filter((sale) => hourOf(sale) === index).map(totalOf)));
        });
      }
    }
  });

  it.each(calendars)('the same weekdays of the weeks before, by the hour: %s', async (_, calendar) => {
    for (const branch of [undefined, 'SMKT002', 'SMKT003']) {
      const day = calendar.dayOf(LAST - 86_400_000);
      const weeks = Array.from({ length: 8 }, (_unused, week) => {
        const from = calendar.dayStart(day - 7 * (week + 1));
        return inScope({ branch, from, to: calendar.dayStart(day - 7 * (week + 1) + 1) });
      });
      // The sales begin sixteen days before: weeks before that are no part of it.
      const open = weeks.findLastIndex((found) => found.length > 0) + 1;
      const hours = await readSameWeekdays(goldOf(calendar), { branch, day });
      expect(hours).toHaveLength(24);
      for (const [hour, base] of hours.entries()) {
        const expected = weeks.slice(0, open).map((found) => {
          const sold = found.filter(
            (sale) =>
              Math.floor(((calendar.wallAt(sale.sold_at) / 60_000 - calendar.dayStartMinutes + 1440) % 1440) / 60) ===
              hour,
          );
          return { purchases: sold.length, revenue_minor: sum(sold.map(totalOf)) };
        });
        expect(base).toEqual(expected);
      }
    }
  });

  it('last purchases, however long ago, of each that is watched', async () => {
    const all = [undefined, 'SMKT001', 'SMKT002', 'SMKT003'];
    for (const now of [LAST - 86_400_000, LAST, LAST + 5 * 86_400_000, LAST + 400 * 86_400_000]) {
      const together = await readLastPurchases(engine, { watched: all, now, limit: 10 });
      for (const branch of all) {
        const newest = inScope({ ...EVERYTHING, branch }).sort((a, b) => b.sold_at - a.sold_at);
        const answer = together.get(branch) ?? [];
        expect(answer.map((purchase) => Date.parse(purchase.sold_at))).toEqual(
          newest.slice(0, 10).map((sale) => sale.sold_at),
        );
        expect(answer.map(({ products }) => products.length)).toEqual(answer.map(({ items }) => items));
        expect(answer[0]?.total_minor).toBe(newest[0] && totalOf(newest[0]));
        const alone = await readLastPurchases(engine, { watched: [branch], now, limit: 10 });
        expect(alone.get(branch)).toEqual(answer);
      }
    }
    expect(await readProductNames(engine)).toEqual(new Map(PRODUCTS.map(({ product_id, name }) => [product_id, name])));
  });

  it('the version of open purchases knows each sale and void since the horizon, and no earlier ones', async () => {
    const horizon = LAST + 40 * 86_400_000;
    const sale = (sold_at: number): Sale => ({
      branch_id: 'SMKT003',
      customer: 0,
      sold_at,
      products: ['milk'],
      voided: true,
    });
    // Ids of their own; all are void in the end and count in no other test.
    const [earlier, later] = [purchasesOf([sale(horizon - 1)], 9), purchasesOf([sale(horizon), sale(horizon + 5)], 8)];
    const empty = await readOpenVersion(engine, horizon);
    await engine.send(earlier);
    expect(await readOpenVersion(engine, horizon)).toBe(empty);
    const seen = new Set([empty]);
    for (const event of later) {
      await engine.send([event]);
      const version = await readOpenVersion(engine, horizon);
      expect(await readOpenVersion(engine, horizon)).toBe(version);
      seen.add(version);
      // What a merge leaves out does not make it what it was.
      await engine.command('OPTIMIZE TABLE silver.purchases FINAL');
      seen.add(await readOpenVersion(engine, horizon));
    }
    // Two sales and two voids; a merge drops a row that a void has replaced.
    expect(seen.size).toBe(1 + 4 + 2);
  });

  it('branches and the first and last sale', async () => {
    expect(await readBranches(engine)).toEqual(
      BRANCHES.map(({ branch_id, name, country }) => ({ branch_id, branch: name, country })),
    );
    const times = inScope(EVERYTHING).map((sale) => sale.sold_at);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    const slot = first - (first % 900_000);
    const within = (scope: Scope) => withinSales(gold, scope);
    expect(await within(EVERYTHING)).toEqual({ from: slot, to: last + 1 });
    expect(await within({ ...EVERYTHING, to: last })).toEqual({ from: slot, to: last });
    expect(await within({ ...EVERYTHING, to: first })).toBeUndefined();
    expect(await within({ from: first, to: last })).toEqual({ from: first, to: last });
    for (const branch of ['SMKT001', 'SMKT002', 'SMKT003']) {
      for (const from of [0, first + 3 * 86_400_000]) {
        const sold = inScope({ ...EVERYTHING, from, branch }).map((sale) => sale.sold_at);
        const began = from === 0 ? Math.min(...sold) - (Math.min(...sold) % 900_000) : from;
        const expected = sold.length === 0 ? undefined : { branch, from: began, to: Math.max(...sold) + 1 };
        expect(await within({ ...EVERYTHING, from, branch })).toEqual(expected);
      }
    }
    expect(await newestSale(gold, { ...EVERYTHING, to: last })).toBe(
      new Date(Math.max(...times.filter((time) => time < last))).toISOString(),
    );
  });
});

describe('averageBasket', () => {
  it('rounds half up, exactly, also where floating point cannot', () => {
    expect(averageBasket(5, 2)).toBe(3);
    expect(averageBasket(4, 3)).toBe(1);
    expect(averageBasket(0, 0)).toBe(0);
    expect(averageBasket(9_007_199_254_740_991, 2)).toBe(4_503_599_627_370_496);
  });
});
