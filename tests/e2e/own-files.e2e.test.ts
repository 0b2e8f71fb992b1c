import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hourlySales, kpis as kpisSchema } from '@tillstream/schemas/read-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newPlace, type Place, removePlace, type Stack, startStack } from '../support/stack.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROWS = 1500;
/** Offset of the time zone in the whole period of the file: winter time. */
const BERLIN_HOURS_AHEAD = 1;

interface Row {
  branch: string;
  /** Minutes since 2025-11-01T00:00 on the shop's clock. */
  minute: number;
  customer: string;
  products: string[];
}

const PRICES: Record<string, number> = { Milk: 149, Bread: 320, 'Orange Juice': 405, Eggs: 299, Butter: 275 };
const cents = (names: string[]) => names.reduce((sum, name) => sum + (PRICES[name] ?? Number.NaN), 0);
const decimal = (minor: number) => (minor / 100).toFixed(2);

/** A small generator with a fixed seed (a linear congruence), so that a failure can be repeated. */
const random = (() => {
  let state = 42;
  return (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
})();

/** Rows in no order of time; Milk, Bread and Eggs are topped up until Bread and Eggs tie for the second place. */
const makeRows = (): Row[] => {
  const names = Object.keys(PRICES);
  const rows: Row[] = Array.from({ length: ROWS }, (_, n) => ({
    branch: `SMKT00${1 + random(3)}`,
    minute: (n * 7919) % (20 * 24 * 60),
    customer: random(10) === 0 ? '' : `00000000-0000-0000-0000-${String(1 + random(400)).padStart(12, '0')}`,
    products: names.filter(() => random(5) < 2),
  })).map((row) => (row.products.length === 0 ? { ...row, products: ['Milk'] } : row));
  const units = (name: string) => rows.filter(({ products }) => products.includes(name)).length;
  const topUp = (name: string, until: number) => {
    for (const row of rows) {
      if (units(name) >= until) return;
      if (!row.products.includes(name)) row.products.push(name);
    }
  };
  topUp('Bread', Math.max(...names.map(units)) + 5);
  topUp('Eggs', units('Bread'));
  topUp('Milk', units('Bread') + 10);
  return rows;
};

const timestamp = (minute: number) => {
  const moment = new Date(Date.UTC(2025, 10, 1) + minute * 60_000);
  return moment.toISOString().slice(0, 19).replace('T', ' ');
};
const line = ({ branch, minute, customer, products }: Row) =>
  `${branch},${timestamp(minute)},${customer},"${products.join(',')}",${decimal(cents(products))}`;

/** The figures by plain counting. */
const expected = (rows: Row[]) => {
  const byCustomer = new Map<string, number>();
  for (const { customer } of rows) if (customer) byCustomer.set(customer, (byCustomer.get(customer) ?? 0) + 1);
  const units = Object.keys(PRICES)
    .map((name) => ({ name, units: rows.filter(({ products }) => products.includes(name)).length }))
    .sort((a, b) => b.units - a.units);
  const ranked = units.map((entry) => ({
    ...entry,
    rank: 1 + units.filter((other) => other.units > entry.units).length,
  }));
  const revenue = rows.reduce((sum, { products }) => sum + cents(products), 0);
  return {
    purchases: rows.length,
    items: rows.reduce((sum, { products }) => sum + products.length, 0),
    revenue_minor: revenue,
    gross_minor: revenue,
    discount_minor: 0,
    returned_minor: 0,
    returns: 0,
    average_basket_minor: Math.floor(revenue / rows.length + 0.5),
    unique_customers: byCustomer.size,
    loyal_customers: [...byCustomer.values()].filter((count) => count >= 3).length,
    top: ranked
      .filter(({ rank }) => rank <= 3)
      .map(({ name, units: sold, rank }) => `${rank} ${name} ${sold}`)
      .sort(),
  };
};

/** Three sales that the file cannot tell apart, at a till that writes zeros where nobody shows a card. */
const ZERO_UUID = '00000000-0000-0000-0000-000000000000';
const walkIns = new Array<Row>(3).fill({ branch: 'SMKT001', minute: 1500, customer: '', products: ['Milk'] });
const made = makeRows();
const rows = [...made, ...walkIns];
let place: Place;
let stack: Stack;
let args: string[];

beforeAll(async () => {
  place = await newPlace();
  place.env.SHOP_TIMEZONE = 'Europe/Berlin';
  const [products, purchases] = ['my products.csv', 'purchases.csv'].map((name) => path.join(place.folder, name)) as [
    string,
    string,
  ];
  writeFileSync(
    products,
    `\uFEFFproduct_name,unit_price\r\n${Object.entries(PRICES)
      .map(([name, price]) => `${name},${decimal(price)}\r\n`)
      .join('')}`,
  );
  const good = made.map((row, n) => (n % 3 === 0 ? line(row).replace('Milk', 'mILK') : line(row)));
  const bad = [
    'SMKT 009,2025-11-02 10:00:00,,"Milk",1.49',
    'SMKT001,2025-11-02 10:00:00,,"Caviar",1.49',
    'SMKT001,2025-11-02 10:00:00,,"Milk,Milk",2.98',
    'SMKT001,2025-11-02 10:00:00,,"Milk",1.50',
    'SMKT001,2025-13-02 10:00:00,,"Milk",1.49',
    `SMKT001,2025-11-02 10:00:00,${'4'.repeat(65)},"Milk",1.49`,
    'SMKT001,2025-11-02 10:00:00',
  ];
  const lines = [
    'supermarket_id,timestamp,user_id,items_list,total_amount',
    ...good.slice(0, 700),
    ...bad,
    ...good.slice(700),
    ...walkIns.map((row) => line(row).replace(',,', `,${ZERO_UUID},`)),
  ];
  writeFileSync(purchases, `\uFEFF${lines.join('\r\n')}\r\n`);
  args = ['--products', products, '--purchases', purchases];
  stack = await startStack(place, args);
});
afterAll(async () => {
  await stack?.stop();
  removePlace(place);
});

const answer = async (query = '') => {
  const {
    top_products,
    loyal_threshold: _threshold,
    as_of: _asOf,
    ...figures
  } = kpisSchema.parse(await (await fetch(`${stack.dashboard}/api/kpis${query}`)).json());
  return { ...figures, top: top_products.map(({ rank, product, units }) => `${rank} ${product} ${units}`).sort() };
};

const allFiguresAreRight = async () => {
  expect(await answer()).toEqual(expected(rows));
  for (const branch of ['SMKT001', 'SMKT002', 'SMKT003']) {
    expect(await answer(`?branch=${branch}`)).toEqual(expected(rows.filter((row) => row.branch === branch)));
  }
  const fifth = (5 - 1) * 24 * 60;
  const day = rows.filter(({ minute }) => minute >= fifth && minute < fifth + 24 * 60);
  const { purchases, revenue_minor } = expected(day);
  expect(await answer('?from=2025-11-05&to=2025-11-06')).toMatchObject({ purchases, revenue_minor });
  const instant = (minute: number) =>
    new Date(Date.UTC(2025, 10, 1, -BERLIN_HOURS_AHEAD) + minute * 60_000).toISOString();
  const odd = rows.filter(({ minute }) => minute >= 1007 && minute < 20_003);
  expect(await answer(`?from=${instant(1007)}&to=${instant(20_003)}`)).toMatchObject({ purchases: odd.length });

  const { hours } = hourlySales.parse(await (await fetch(`${stack.dashboard}/api/hourly_sales`)).json());
  expect(hours.map(({ hour }) => hour)).toEqual(Array.from({ length: 24 }, (_, hour) => hour));
  for (const { hour, ...figures } of hours) {
    const inHour = rows.filter(({ minute }) => Math.floor(minute / 60) % 24 === hour);
    const { items, revenue_minor: revenue } = expected(inHour);
    expect(figures).toEqual({ purchases: inHour.length, items, revenue_minor: revenue });
  }
};

test('the figures equal those counted from the rows, ties included', async () => {
  expect(expected(rows).top.map((entry) => entry[0])).toEqual(['1', '2', '2']);
  await allFiguresAreRight();
});

test('bad rows stand in the reject file with their lines, and are counted', () => {
  expect(stack.output()).toMatch(/1,503 loaded, 0 duplicates, 7 rejected/);
  const rejects = readFileSync(path.join(place.folder, 'rejects', 'purchases.csv.rejects.csv'), 'utf8')
    .trim()
    .split(/\r?\n/);
  const lines = rejects.slice(1).map((reject) => Number(reject.split(',')[0]));
  expect(lines.sort()).toEqual([702, 703, 704, 705, 706, 707, 708]);
});

test('loading the same file into the running stack changes no figure', async () => {
  const output = execFileSync('npm', ['run', '--silent', 'load', '--', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...place.env },
    encoding: 'utf8',
  });
  expect(output).toMatch(/0 loaded, 1,503 duplicates/);
  await allFiguresAreRight();
});

test('a second start with the same files changes no figure', async () => {
  await stack.stop();
  stack = await startStack(place, args);
  await allFiguresAreRight();
});
