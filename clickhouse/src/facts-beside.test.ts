import { expect, test } from 'vitest';
import type { RowsOptions } from './exact-rows.ts';
import { areOfOneMoment, besideOf, besideRow, figuresOfFacts } from './facts-beside.ts';
import { countOf, customersOf, keyOf, together } from './folded-figures.ts';
import { ofFew, ofUnknown, UnknownNumbers } from './roaring.ts';

const options: RowsOptions = {
  name: 'period',
  scope: { from: Date.UTC(2025, 0, 1), to: Date.UTC(2025, 0, 2) },
  coarsest: 'year',
  byHour: false,
  byWeekday: false,
  byBranch: false,
  shopDay: 'toDate(slot)',
  timeZone: 'UTC',
};

interface Given {
  id?: string;
  version?: number;
  status?: 'recorded' | 'voided';
  recorded?: string;
  sold?: string;
  customer?: number;
  beside?: number[];
}

/** As ClickHouse gives them: two pieces of milk on two lines for 60 and 39. */
const given = ({
  id = 'a',
  version = 1,
  status = 'recorded',
  recorded = '2025-01-01T12:00:00.000Z',
  sold = '2025-01-01T11:59:00.000Z',
  customer = 7,
  beside = [1],
}: Given) => [
  ...['2025-01-01T11:45:00Z', 'SMKT001', id, version, status, recorded, '18446744073709551615', sold, 99, 2, customer],
  ...[
    [
      ['milk', 1, 60],
      ['milk', 1, 39],
    ],
    ...[0, -1, 0, beside],
  ],
];
const read = (facts: Given[], prints: unknown[] = []) => besideRow.parse({ facts: facts.map(given), prints });
const figures = (facts: Given[]) => [...figuresOfFacts(read(facts).facts, options).values()];

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

test('versions that were recorded at different moments are told', () => {
  const later = '2025-01-01T12:00:00.001Z';
  expect(areOfOneMoment(read([{ version: 1 }, { version: 2 }, { id: 'b', recorded: later }]).facts)).toBe(true);
  expect(areOfOneMoment(read([{ version: 1 }, { version: 2, recorded: later }]).facts)).toBe(false);
});

test('figures together: sums add up, customers are a union, and neither side is changed', () => {
  const of = { branch_id: '', start: 0, hour: -1, weekday: 0 };
  const row = (purchases: number, customers: number[], newest: number) => ({
    ...{ ...of, purchases, items: 1, revenue_minor: 10, newest },
    customers: customersOf(ofFew(Uint32Array.from(customers))),
    products: new Map([['milk', [1, 10, 1] as [number, number, number]]]),
  });
  const [one, other] = [new Map([[keyOf(of), row(2, [1, 2, 9], 5)]]), new Map([[keyOf(of), row(3, [2, 3], 4)]])];
  for (const both of [together(one, other), together(other, one)]) {
    const found = both.get(keyOf(of));
    expect(found).toMatchObject({ purchases: 5, items: 2, revenue_minor: 20, newest: 5 });
    expect(found?.products).toEqual(new Map([['milk', [2, 20, 2]]]));
    expect(found && countOf(found.customers)).toBe(4);
    // Once more with what is in it already, and with one who is not.
    const more = together(both, new Map([[keyOf(of), row(1, [3, 4], 9)]])).get(keyOf(of));
    expect(more && countOf(more.customers)).toBe(5);
  }
  expect(countOf(one.get(keyOf(of))?.customers ?? customersOf(ofFew(new Uint32Array())))).toBe(3);
});

test('of customers who are not known a union cannot be told', () => {
  const of = { branch_id: '', start: 20_000, hour: -1, weekday: 0 };
  const row = (customers: ReturnType<typeof customersOf>) =>
    new Map([
      [keyOf(of), { ...of, purchases: 1, items: 1, revenue_minor: 1, newest: 1, customers, products: new Map() }],
    ]);
  const unknown = row(customersOf(ofUnknown(40)));
  const nobody = together(unknown, row(customersOf(ofFew(new Uint32Array())))).get(keyOf(of));
  expect(nobody && countOf(nobody.customers)).toBe(40);
  expect(() => together(unknown, row(customersOf(ofFew(Uint32Array.of(1)))))).toThrow(UnknownNumbers);
});
