import type { z } from 'zod';
import { bytesOfCustomers, type Customers, fewCustomers, united } from './customer-sets.ts';
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
export const figuresKey = ({ branch_id, start, hour, weekday }: Pick<FoldedFigures, Keys>): string =>
  `${branch_id} ${start} ${weekday} ${hour}`;

type Group = Omit<FoldedFigures, 'customers'> & { numbers: Set<number>; products: Map<string, Sold> };

/** Main figures as they are held. */
export const FIGURES_HELD: FoldKind<FoldedFigures> = {
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
      [...groups].map(([key, { numbers, ...figures }]) => [key, { ...figures, customers: fewCustomers(numbers) }]),
    );
  },
  added: (one, other) => {
    const products = new Map(one.products);
    for (const [product, [units, revenue, purchases]] of other.products) {
      const [unitsSoFar, revenueSoFar, purchasesSoFar] = products.get(product) ?? [0, 0, 0];
      products.set(product, [unitsSoFar + units, revenueSoFar + revenue, purchasesSoFar + purchases]);
    }
    return {
      ...one,
      purchases: one.purchases + other.purchases,
      items: one.items + other.items,
      revenue_minor: one.revenue_minor + other.revenue_minor,
      newest: Math.max(one.newest, other.newest),
      customers: united(one.customers, other.customers),
      products,
    };
  },
  bytes: ({ customers, products }) => 500 + bytesOfCustomers(customers) + 100 * products.size,
};

const nothing = () => ({
  purchases: 0,
  items: 0,
  revenue_minor: 0,
  newest: 0,
  numbers: new Set<number>(),
  products: new Map<string, Sold>(),
});

const add = (group: Group, { units, total_minor, sold, customer_number, basket }: Fact): void => {
  group.purchases += 1;
  group.items += units;
  group.revenue_minor += total_minor;
  group.newest = Math.max(group.newest, sold);
  if (customer_number !== 0) group.numbers.add(customer_number);
  basket.forEach(([product, quantity, price], place) => {
    const [units, revenue, purchases] = group.products.get(product) ?? [0, 0, 0];
    const isFirst = isFirstPlace(basket, place);
    group.products.set(product, [units + quantity, revenue + quantity * price, purchases + (isFirst ? 1 : 0)]);
  });
};
