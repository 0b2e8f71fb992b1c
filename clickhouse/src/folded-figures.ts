import type { z } from 'zod';
import {
  bytesOfCustomers,
  type Customers,
  customersOfPurchases,
  withoutPurchasers,
  withPurchasers,
} from './customer-sets.ts';
import { type Fact, isFirstPlace, soldIn } from './facts-beside.ts';
import type { figuresRow } from './figures-sql.ts';
import type { FoldKind, HeldFold } from './fold.ts';

type Keys = 'branch_id' | 'start' | 'hour' | 'weekday';

/** The figures of one of the things that a question tells apart. */
export interface FoldedFigures extends Pick<z.output<typeof figuresRow>, Keys> {
  purchases: number;
  items: number;
  revenue_minor: number;
  /** Newest sale, ms since 1970; 0 when there is none. */
  newest: number;
  customers: Customers;
  /** Of each product its units, their revenue (minor units) and the purchases it was in. */
  products: ReadonlyMap<string, Sold>;
}

export type Sold = [units: number, revenueMinor: number, purchases: number];

export type FiguresFold = HeldFold<FoldedFigures>;

/** What the figures of one row are told from those of others by. */
const figuresKey = ({ branch_id, start, hour, weekday }: Pick<FoldedFigures, Keys>): string =>
  `${branch_id} ${start} ${weekday} ${hour}`;

type Group = Omit<FoldedFigures, 'customers'> & { numbers: number[]; products: Map<string, Sold> };

/** Main figures as they are held. */
export const FIGURES_HELD: FoldKind<FoldedFigures> = {
  key: figuresKey,
  ofFacts: (facts, { scope, byBranch }) => {
    const groups = new Map<string, Group>();
    for (const fact of soldIn(scope, facts)) {
      const { branch_id, start, hour, weekday } = fact;
      // What a question does not tell apart is the same in all of them, but for the branch.
      const of = { branch_id: byBranch ? branch_id : '', start, hour, weekday };
      const key = figuresKey(of);
      const group = groups.get(key) ?? { ...of, ...nothing() };
      groups.set(key, group);
      add(group, fact);
    }
    return new Map(
      [...groups].map(([key, { numbers, ...figures }]) => [
        key,
        { ...figures, customers: customersOfPurchases(numbers) },
      ]),
    );
  },
  added: (one, other) => ({
    ...one,
    purchases: one.purchases + other.purchases,
    items: one.items + other.items,
    revenue_minor: one.revenue_minor + other.revenue_minor,
    newest: Math.max(one.newest, other.newest),
    customers: withPurchasers(one.customers, other.customers),
    products: addedProducts(one.products, other.products, 1),
  }),
  less: (one, other) =>
    one.purchases === other.purchases
      ? undefined
      : {
          ...one,
          purchases: one.purchases - other.purchases,
          items: one.items - other.items,
          revenue_minor: one.revenue_minor - other.revenue_minor,
          customers: withoutPurchasers(one.customers, other.customers),
          products: addedProducts(one.products, other.products, -1),
        },
  bytes: ({ customers, products }) => 500 + bytesOfCustomers(customers) + 100 * products.size,
};

const addedProducts = (
  some: FoldedFigures['products'],
  others: FoldedFigures['products'],
  sign: 1 | -1,
): Map<string, Sold> => {
  const products = new Map(some);
  for (const [product, [units, revenue, purchases]] of others) {
    const [unitsSoFar, revenueSoFar, purchasesSoFar] = products.get(product) ?? [0, 0, 0];
    if (purchasesSoFar + sign * purchases === 0) products.delete(product);
    else
      products.set(product, [
        unitsSoFar + sign * units,
        revenueSoFar + sign * revenue,
        purchasesSoFar + sign * purchases,
      ]);
  }
  return products;
};

const nothing = () => ({
  purchases: 0,
  items: 0,
  revenue_minor: 0,
  newest: 0,
  numbers: [] as number[],
  products: new Map<string, Sold>(),
});

const add = (group: Group, { units, total_minor, sold, customer_number, basket }: Fact): void => {
  group.purchases += 1;
  group.items += units;
  group.revenue_minor += total_minor;
  group.newest = Math.max(group.newest, sold);
  if (customer_number !== 0) group.numbers.push(customer_number);
  basket.forEach(([product, quantity, price], place) => {
    const [units, revenue, purchases] = group.products.get(product) ?? [0, 0, 0];
    const isFirst = isFirstPlace(basket, place);
    group.products.set(product, [units + quantity, revenue + quantity * price, purchases + (isFirst ? 1 : 0)]);
  });
};
