import { expect, test } from 'vitest';
import { countOf, customersOf, customersOfPurchases } from './customer-sets.ts';
import { areOfOneMoment, besideOf, besideRow, voidsOf } from './facts-beside.ts';
import { together, without } from './fold.ts';
import { FIGURES_HELD, type FoldedFigures } from './folded-figures.ts';
import { PRODUCTS_HELD } from './folded-products.ts';
import { ofUnknown, UnknownNumbers } from './roaring.ts';
import { periodOptions } from './testing/rows-options.ts';

const options = periodOptions({ from: Date.UTC(2025, 0, 1), to: Date.UTC(2025, 0, 2) });

interface Given {
  id?: string;
  version?: number;
  status?: 'recorded' | 'voided';
  recorded?: string;
  sold?: string;
  customer?: number;
  products?: string[];
  beside?: number[];
}

/** As ClickHouse gives them: two pieces on two lines for 60 and 39, of milk both. */
const given = ({
  id = 'a',
  version = 1,
  status = 'recorded',
  recorded = '2025-01-01T12:00:00.000Z',
  sold = '2025-01-01T11:59:00.000Z',
  customer = 7,
  products: [first, second] = ['milk', 'milk'],
  beside = [1],
}: Given) => [
  ...['2025-01-01T11:45:00Z', 'SMKT001', id, version, status, recorded, '18446744073709551615', sold, 99, 2, customer],
  ...[
    [
      [first, 1, 60],
      [second, 1, 39],
    ],
    ...[0, -1, 0, 'DE', beside],
  ],
];
const read = (facts: Given[], prints: unknown[] = []) => besideRow.parse({ facts: facts.map(given), prints });
const figures = (facts: Given[]) => [...FIGURES_HELD.ofFacts(read(facts).facts, options).values()];

test('a purchase counts once, as its newest version says, in whatever order its versions come', () => {
  expect(figures([{ version: 1 }, { version: 1 }, { id: 'b' }])).toMatchObject([
    { purchases: 2, items: 4, revenue_minor: 198, newest: Date.UTC(2025, 0, 1, 11, 59) },
  ]);
  expect(figures([{ version: 2, status: 'voided' }, { version: 1 }])).toEqual([]);
});

test('a product that is twice on a receipt is in one purchase; customers are counted once, sales without a card not', () => {
  const [found] = figures([{ id: 'a' }, { id: 'b' }, { id: 'c', customer: 0 }]);
  expect(found?.products).toEqual(new Map([['milk', [6, 297, 3]]]));
  expect(found && countOf(found.customers)).toBe(1);
});

test('the same of products by country: a purchase and its total count once for each', () => {
  const products = PRODUCTS_HELD.ofFacts(
    read([{}, { id: 'b', products: ['milk', 'tea'], customer: 8 }]).facts,
    options,
  );
  const inGermany = (held: typeof products) => {
    expect([...held.values()]).toMatchObject([{ month: 0, country: 'DE', newest: Date.UTC(2025, 0, 1, 11, 59) }]);
    const [found] = held.values();
    return Array.from(found?.products ?? [], ([product, { customers, ...sums }]) => [
      product,
      sums,
      countOf(customers),
    ]);
  };
  expect(inGermany(products)).toEqual([
    ['milk', { purchases: 2, units: 3, revenue_minor: 159, baskets_minor: 198 }, 2],
    ['tea', { purchases: 1, units: 1, revenue_minor: 39, baskets_minor: 99 }, 1],
  ]);
  const more = PRODUCTS_HELD.ofFacts(read([{ id: 'c', customer: 8 }]).facts, options);
  expect(inGermany(together(PRODUCTS_HELD, products, more))[0]).toEqual([
    ...['milk', { purchases: 3, units: 5, revenue_minor: 258, baskets_minor: 297 }, 2],
  ]);
});

test('what was not sold within the scope does not count', () => {
  expect(figures([{ sold: '2025-01-02T00:00:00.000Z' }, { id: 'b', sold: '2024-12-31T23:59:59.999Z' }])).toEqual([]);
});

test('of several scopes each has its own facts, and the fingerprint that they lack', () => {
  const found = read(
    [{ beside: [1, 0] }, { id: 'b', beside: [1, 1] }],
    [
      [[1, 0], 5, '100'],
      [[1, 1], 2, '10'],
    ],
  );
  const hash = 18446744073709551615n;
  expect(besideOf(found, 0)).toMatchObject({ facts: found.facts, rows: -5n, hash: 2n * hash - 110n });
  expect(besideOf(found, 1)).toMatchObject({ facts: [found.facts[1]], rows: -1n, hash: hash - 10n });
});

test('of purchases that are void all versions are told, of others none', () => {
  const { facts } = read([{ id: 'a' }, { id: 'b' }, { id: 'a', version: 2, status: 'voided' }]);
  const hash = 18446744073709551615n;
  expect([...voidsOf(facts)]).toEqual([['2025-01-01T11:45:00Z SMKT001 a', { rows: 2n, hash: 2n * hash }]]);
});

test('figures without some that are among them; who was the newest is told only where it matters', () => {
  const at = (minute: string) => `2025-01-01T${minute}:00.000Z`;
  const all = FIGURES_HELD.ofFacts(
    read([
      { id: 'a', sold: at('09:00') },
      { id: 'b', sold: at('11:00'), customer: 8, products: ['tea', 'milk'] },
    ]).facts,
    options,
  );
  const less = (given: Given, eachNewest = false) => [
    ...without(FIGURES_HELD, all, FIGURES_HELD.ofFacts(read([given]).facts, options), eachNewest).values(),
  ];
  const [left] = less({ id: 'a', sold: at('09:00') });
  expect(left).toMatchObject({ purchases: 1, items: 2, revenue_minor: 99, newest: Date.parse(at('11:00')) });
  expect(left?.products).toEqual(
    new Map([
      ['milk', [1, 39, 1]],
      ['tea', [1, 60, 1]],
    ]),
  );
  expect(left && countOf(left.customers)).toBe(1);
  expect(() => less({ id: 'b', sold: at('11:00'), customer: 8, products: ['tea', 'milk'] })).toThrow('newest');
  const later = new Map([
    ...all,
    [
      'later',
      {
        ...rowsOf({ newest: Date.parse(at('23:00')) })
          .values()
          .next().value,
      },
    ],
  ]);
  const newest = FIGURES_HELD.ofFacts(
    read([{ id: 'b', sold: at('11:00'), customer: 8, products: ['tea', 'milk'] }]).facts,
    options,
  );
  const [rest] = without(FIGURES_HELD, later as typeof all, newest, false).values();
  expect(rest).toMatchObject({ purchases: 1, newest: 0 });
  expect(() => without(FIGURES_HELD, later as typeof all, newest, true)).toThrow('newest');
});

test('versions that were recorded at different moments are told', () => {
  const later = '2025-01-01T12:00:00.001Z';
  expect(areOfOneMoment(read([{ version: 1 }, { version: 2 }, { id: 'b', recorded: later }]).facts)).toBe(true);
  expect(areOfOneMoment(read([{ version: 1 }, { version: 2, recorded: later }]).facts)).toBe(false);
});

const key = { branch_id: '', start: 20_000, hour: -1, weekday: 0 };
const rowsOf = (row: Partial<FoldedFigures>) => {
  const figures = { ...key, ...NOTHING, customers: customersOfPurchases([]), products: new Map(), ...row };
  return new Map([[FIGURES_HELD.key(figures), figures]]);
};
const NOTHING = { purchases: 1, items: 1, revenue_minor: 10, newest: 1 };
const customersIn = (rows: ReadonlyMap<string, FoldedFigures>) =>
  [...rows.values()].reduce((sum, { customers }) => sum + countOf(customers), 0);

test('figures together: sums add up, customers are a union, and neither side is changed', () => {
  const row = (purchases: number, customers: number[], newest: number) =>
    rowsOf({
      purchases,
      newest,
      customers: customersOfPurchases(customers),
      products: new Map([['milk', [1, 10, 1]]]),
    });
  const [one, other] = [row(2, [1, 2, 9], 5), row(3, [2, 3], 4)];
  for (const [some, others] of [
    [one, other],
    [other, one],
  ] as const) {
    const both = together(FIGURES_HELD, some, others);
    expect([...both.values()]).toMatchObject([{ purchases: 5, items: 2, revenue_minor: 20, newest: 5 }]);
    expect([...both.values()][0]?.products).toEqual(new Map([['milk', [2, 20, 2]]]));
    expect(customersIn(both)).toBe(4);
    // Once more with what is in it already, and with one who is not.
    expect(customersIn(together(FIGURES_HELD, both, row(1, [3, 4], 9)))).toBe(5);
  }
  expect(customersIn(one)).toBe(3);
});

test('of customers who are not known a union cannot be told', () => {
  const unknown = rowsOf({ customers: customersOf(ofUnknown(40)) });
  expect(customersIn(together(FIGURES_HELD, unknown, rowsOf({})))).toBe(40);
  expect(() => together(FIGURES_HELD, unknown, rowsOf({ customers: customersOfPurchases([1]) }))).toThrow(
    UnknownNumbers,
  );
});
