import type { z } from 'zod';
import type { figuresRow } from './figures-sql.ts';
import type { Fold } from './fold.ts';
import { type NumberSet, ofFew } from './roaring.ts';

/** A fold of figures: what it holds is read once and stays in this process. */
export interface FiguresFold extends Fold {
  /** By {@link keyOf} of what it tells apart. */
  figures: ReadonlyMap<string, FoldedFigures>;
}

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

/** Numbers of customers: many that stay as they were read, and those that are not among them. */
export interface Customers {
  many: NumberSet;
  others: NumberSet;
}

export const keyOf = ({ branch_id, start, hour, weekday }: Pick<FoldedFigures, Keys>): string =>
  `${branch_id} ${start} ${weekday} ${hour}`;

/** Two sets of figures of different facts as one; each set of customers is a union. */
export const together = (some: FiguresFold['figures'], others: FiguresFold['figures']): Map<string, FoldedFigures> => {
  const all = new Map(some);
  for (const [key, other] of others) {
    const one = all.get(key);
    all.set(key, one === undefined ? other : added(one, other));
  }
  return all;
};

const added = (one: FoldedFigures, other: FoldedFigures): FoldedFigures => {
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
};

const united = (one: Customers, other: Customers): Customers => {
  if (other.many.size > one.many.size) return united(other, one);
  const fresh = [other.many, other.others].map((set) => set.numbers().filter((number) => !hasCustomer(one, number)));
  if (fresh.every(({ length }) => length === 0)) return one;
  const others = Uint32Array.from([...one.others.numbers(), ...fresh.flatMap((numbers) => [...numbers])]).sort();
  return { many: one.many, others: ofFew(others) };
};

const hasCustomer = ({ many, others }: Customers, number: number): boolean => many.has(number) || others.has(number);

/** Customers that are all different. */
export const customersOf = (many: NumberSet): Customers => ({ many, others: NOBODY });

const NOBODY = ofFew(new Uint32Array());

/** How many there are. */
export const countOf = ({ many, others }: Customers): number => many.size + others.size;

/** About how much memory a fold takes. */
export const bytesOf = (figures: FiguresFold['figures']): number => {
  let bytes = 0;
  for (const { customers, products } of figures.values())
    bytes += 500 + customers.many.bytes + customers.others.bytes + 100 * products.size;
  return bytes;
};
