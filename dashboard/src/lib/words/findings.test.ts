import { describe, expect, it } from 'vitest';
import { productRows, sortFrom } from '../figures/product-rows.ts';
import { weekTable } from '../figures/week-table.ts';
import { pipelineAdvice } from '../pipeline/pipeline-advice.ts';
import { pipelinePage } from '../text/pipeline.ts';
import {
  arrivalsFinding,
  branchesFinding,
  breakdownFinding,
  categoryTrendFinding,
  checksFinding,
  frequencyFinding,
  gridFinding,
  loyalFinding,
  productsFinding,
  retentionFinding,
} from './findings.ts';
import { createFormat } from './format.ts';
import { periodTitle, whenOf } from './period-words.ts';

const format = createFormat({ currency: 'EUR', timeZone: 'Europe/Berlin' });
const product = (product: string, units: number, units_before = 0, revenue_minor = units * 100) => ({
  product_id: product.toLowerCase(),
  product,
  units,
  revenue_minor,
  purchases: units,
  units_before,
  revenue_before_minor: units_before * 100,
});

describe('products', () => {
  const products = [product('Milk', 6, 3), product('Bread', 2, 4, 900), product('Eggs', 2, 0)];

  it('says which sells most, and all that tie', () => {
    expect(productsFinding(products, format)).toBe('Milk sells most: 6 units, 60 % of all.');
    expect(productsFinding([product('A', 2), product('B', 2)], format)).toBe('A, B sell most, 2 units each.');
    expect(productsFinding([product('A', 0, 3)], format)).toBe('Nothing sold in this period.');
  });

  it('says which category leads, and its best day or month', () => {
    const rows = [
      { name: 'Dry', minor: 100, share: 0.25 },
      { name: 'Fresh', minor: 300, share: 0.75 },
    ];
    expect(breakdownFinding(rows, format)).toBe('Fresh leads with €3.00, 75 % of all.');
    expect(breakdownFinding([...rows, { name: '', minor: 900, share: 2 }], format)).toMatch(/^Fresh leads/);
    expect(breakdownFinding([{ name: '', minor: 5, share: 1 }], format)).toBe('No sale of this period says more.');
    expect(breakdownFinding([], format)).toBe('No purchase in this period.');
    const trend = [
      { start: '2026-11-19', units: 9, revenue_minor: 100 },
      { start: '2026-11-20', units: 1, revenue_minor: 250 },
    ];
    expect(categoryTrendFinding(trend, 'day', format)).toBe('Best day: Fri 20 Nov with €2.50.');
    expect(categoryTrendFinding([], 'day', format)).toBe('Nothing sold in this period.');
  });

  it('ranks ties alike, by units or by revenue, and of all products however few are found', () => {
    const rows = productRows(products, '', sortFrom(null));
    expect(rows.map((row) => [row.product, row.rank])).toEqual([
      ['Milk', 1],
      ['Bread', 2],
      ['Eggs', 2],
    ]);
    expect(productRows(products, '', sortFrom('-revenue')).map((row) => row.product)).toEqual([
      'Bread',
      'Milk',
      'Eggs',
    ]);
    const found = productRows(products, ' eGG', sortFrom('product'));
    expect(found).toMatchObject([{ product: 'Eggs', rank: 2, units_share: 0.2 }]);
    expect(productRows(products, '', sortFrom('-change')).map((row) => row.product)).toEqual(['Eggs', 'Milk', 'Bread']);
  });

  it('a sort that cannot be read is by units', () => {
    expect(sortFrom('-nonsense')).toEqual({ column: 'units', descending: true });
  });
});

describe('customers', () => {
  it('loyal over time', () => {
    const loyal = (...counts: number[]) =>
      loyalFinding(
        {
          now: { unique_customers: 0, new_customers: 0, returning_customers: 0, loyal_customers: 0 },
          loyal_threshold: 3,
          by: 'day',
          loyal: counts.map((loyal_customers) => ({ start: '2026-11-20', loyal_customers })),
        },
        format,
      );
    expect(loyal()).toBe('Nobody is loyal yet.');
    expect(loyal(5, 5)).toBe('As many as at the beginning: 5.');
    expect(loyal(5, 12)).toBe('7 more than at the beginning: from 5 to 12.');
    expect(loyal(12, 5)).toMatch(/^7 fewer/);
  });

  it('frequency and retention; the running month is no part of the mean', () => {
    const rows = [
      { purchases: 1, customers: 6 },
      { purchases: 2, customers: 2 },
      { purchases: 3, customers: 2 },
    ];
    expect(frequencyFinding({ rows }, 3, format)).toBe(
      '60 % have come once, 20 % have come 3 times or more, in all time.',
    );
    const cohorts = [
      { month: '2026-09', customers: [10, 5, 9] },
      { month: '2026-10', customers: [10, 9] },
      { month: '2026-11', customers: [10] },
    ];
    expect(retentionFinding({ cohorts }, format)).toBe(
      'On average 50 % of new customers buy again in the month after.',
    );
    expect(retentionFinding({ cohorts: cohorts.slice(1) }, format)).toMatch(/^It takes a month/);
    expect(retentionFinding({ cohorts: [] }, format)).toMatch(/^No customer/);
  });
});

describe('branches and hours', () => {
  const cells = Array.from({ length: 168 }, (_, index) => ({
    weekday: 1 + Math.floor(index / 24),
    hour: index % 24,
    purchases: 0,
    items: 0,
    revenue_minor: 0,
  }));
  const set = (weekday: number, hour: number, purchases: number) => {
    const cell = cells.find((known) => known.weekday === weekday && known.hour === hour);
    if (cell !== undefined) cell.purchases = purchases;
  };

  it('compares weekdays by the mean per day: five Thursdays are not busier than four Saturdays', () => {
    set(4, 17, 50);
    set(6, 11, 44);
    const weekdays = [4, 4, 4, 5, 4, 4, 4];
    expect(gridFinding({ cells, weekdays }, format)).toBe(
      'Busiest: Saturdays from 11:00 to 12:00, with 11.0 purchases on average. Then Thursdays from 17:00, with 10.0. The quietest day is Monday.',
    );
    const table = weekTable({ cells, weekdays }, 'sunday', format);
    expect(table.columns.map(({ label }) => label).join()).toBe('Sun,Mon,Tue,Wed,Thu,Fri,Sat');
    expect(table.rows.map(({ label }) => label)).toEqual([
      '11:00',
      '12:00',
      '13:00',
      '14:00',
      '15:00',
      '16:00',
      '17:00',
    ]);
    expect(table.rows[0]?.cells[6]).toEqual({ share: 1, shown: '11.0' });
    const without = weekTable({ cells, weekdays: [0, 4, 4, 5, 4, 4, 4] }, 'monday', format);
    expect(without.rows[0]?.cells[0]).toBeUndefined();
  });

  it('names the branch that brings most', () => {
    const branch = (branch_id: string, revenue_minor: number, purchases: number) => ({
      branch_id,
      revenue_minor,
      purchases,
      items: 0,
      gross_minor: revenue_minor,
      discount_minor: 0,
      returned_minor: 0,
      returns: 0,
      unique_customers: 0,
      loyal_customers: 0,
      purchases_before: 0,
      revenue_before_minor: 0,
      newest_sale: null,
      average_basket_minor: revenue_minor / Math.max(1, purchases),
    });
    expect(branchesFinding([branch('A', 7500, 100), branch('B', 2500, 10)], (id) => `Shop ${id}`, format)).toBe(
      'Shop A brings most: 75 % of the revenue. The largest baskets are in Shop B: €2.50 on average.',
    );
    expect(branchesFinding([branch('A', 7500, 1)], (id) => id, format)).toBe('A brought €75.00.');
    expect(branchesFinding([], (id) => id, format)).toBe('No purchase in this period.');
  });
});

describe('the pipeline', () => {
  const NOW = Date.parse('2026-11-20T13:05:00Z');
  const books = { checked_at: new Date(NOW - 5_000).toISOString(), compared: 9, lost: 0, extra: 0, different: 0 };
  const sealer = { proved_at: new Date(NOW - 9_000).toISOString(), sealed_until: new Date(NOW - 60_000).toISOString() };
  const fine = { waiting: 0, waiting_since: null, uncounted: 0, books, sealer };
  const advice = (road: Partial<typeof fine> | Record<string, unknown>, figuresOk = true, quarantined = 0) =>
    pipelineAdvice({ ...fine, ...road }, { figuresOk, quarantined, now: NOW });

  it('says what to do, the most urgent first', () => {
    expect(advice({})).toEqual([pipelinePage.advice.fine]);
    expect(advice({ waiting: null }, false)[0]).toBe(pipelinePage.advice.postgres);
    expect(advice({}, false)).toEqual([pipelinePage.advice.clickhouse]);
    const since = new Date(NOW - 40_000).toISOString();
    expect(advice({ waiting: 3, waiting_since: since })).toEqual([pipelinePage.advice.outbox('40 s')]);
    expect(advice({ waiting: 3, waiting_since: since, uncounted: null })).toEqual([pipelinePage.advice.broker]);
    expect(advice({ books: { ...books, lost: 1 } })).toEqual([pipelinePage.advice.books]);
    expect(advice({ books: { ...books, checked_at: null } })).toEqual([pipelinePage.advice.unchecked]);
    expect(advice({ books: { ...books, checked_at: new Date(NOW - 300_000).toISOString() } })).toEqual([
      pipelinePage.advice.stale('5 min'),
    ]);
    const old = new Date(NOW - 3_600_000).toISOString();
    expect(advice({ sealer: { ...sealer, proved_at: old } })).toEqual([pipelinePage.advice.proof('1 h')]);
    expect(advice({ sealer: { ...sealer, proved_at: null } })).toEqual([pipelinePage.advice.unproved]);
    expect(advice({ sealer: { ...sealer, sealed_until: old } })).toEqual([pipelinePage.advice.horizon]);
    expect(advice({ sealer: null })).toEqual([pipelinePage.advice.fine]);
    expect(advice({}, true, 2)).toEqual([pipelinePage.advice.quarantine]);
  });

  it('history in a sentence', () => {
    const row = { start: '', runs: 10, lost: 0, extra: 0, different: 0, healed: 0, in_flight: 2 };
    expect(checksFinding([row, row], format)).toBe('20 comparisons, no difference.');
    expect(checksFinding([{ ...row, lost: 2, healed: 1 }], format)).toBe(
      '2 differences were found, 1 of them healed at once.',
    );
    expect(arrivalsFinding([{ start: '', events: 9, p50_ms: 80, p95_ms: 1_240 }], format)).toBe(
      'Half of 9 sales arrived within 80 ms, 95 % within 1.2 s.',
    );
    expect(arrivalsFinding([], format)).toMatch(/^No sale/);
  });
});

describe('periods in words', () => {
  const days = { first: '2026-10-22', last: '2026-11-20' };
  const beforeDays = { first: '2025-12-22', last: '2026-01-20' };
  it('names the days, and the time at which a running comparison ends', () => {
    expect(periodTitle({ period: '30d', compare: 'before' }, { days, running: true, until: '14:05' }, format)).toBe(
      'Last 30 days, 22 Oct – 20 Nov 2026',
    );
    expect(whenOf({ days, beforeDays, running: true, until: '14:05' }, format)).toBe(
      '22 Dec 2025 – 20 Jan 2026 by 14:05',
    );
    expect(whenOf({ days, beforeDays, running: false, until: '00:00' }, format)).toBe('22 Dec 2025 – 20 Jan 2026');
    const friday = { first: '2026-11-13', last: '2026-11-13' };
    expect(whenOf({ days, beforeDays: friday, running: true, until: '14:05' }, format)).toBe('Fri 13 Nov by 14:05');
    expect(whenOf({ running: true, until: '14:05' }, format)).toBeUndefined();
  });
});
