import {
  bytesOfCustomers,
  type Customers,
  customersOfPurchases,
  withoutPurchasers,
  withPurchasers,
} from './customer-sets.ts';
import { isFirstPlace, soldIn } from './facts-beside.ts';
import type { FoldKind, HeldFold } from './fold.ts';

/** What was sold in a month and a country. */
export interface FoldedProducts {
  /** The month's first business day, days since 1970-01-01. */
  month: number;
  country: string;
  /** Newest sale, ms since 1970. */
  newest: number;
  products: ReadonlyMap<string, FoldedProduct>;
}

/** What one product sold there. */
export interface FoldedProduct {
  purchases: number;
  units: number;
  revenue_minor: number;
  /** The total of the purchases it was in, minor units. */
  baskets_minor: number;
  customers: Customers;
}

export type ProductsFold = HeldFold<FoldedProducts>;

/** What the products of one month and country are told from others by. */
const productsKey = ({ month, country }: Pick<FoldedProducts, 'month' | 'country'>): string => `${month} ${country}`;

type Sums = Omit<FoldedProduct, 'customers'> & { numbers: number[] };
type Group = Omit<FoldedProducts, 'products'> & { sums: Map<string, Sums> };

/** Products by month and country as they are held. */
export const PRODUCTS_HELD: FoldKind<FoldedProducts> = {
  key: productsKey,
  ofFacts: (facts, { scope }) => {
    const groups = new Map<string, Group>();
    for (const { start: month, country, basket, total_minor, sold, customer_number } of soldIn(scope, facts)) {
      const key = productsKey({ month, country });
      const group = groups.get(key) ?? { month, country, newest: 0, sums: new Map<string, Sums>() };
      groups.set(key, group);
      group.newest = Math.max(group.newest, sold);
      basket.forEach(([product, quantity, price], place) => {
        const sums = group.sums.get(product) ?? nothing();
        group.sums.set(product, sums);
        sums.units += quantity;
        sums.revenue_minor += quantity * price;
        if (!isFirstPlace(basket, place)) return;
        if (customer_number !== 0) sums.numbers.push(customer_number);
        sums.purchases += 1;
        sums.baskets_minor += total_minor;
      });
    }
    return new Map([...groups].map(([key, { sums, ...of }]) => [key, { ...of, products: counted(sums) }]));
  },
  added: (one, other) => {
    const products = new Map(one.products);
    for (const [product, sold] of other.products) {
      const before = products.get(product);
      products.set(product, before === undefined ? sold : added(before, sold));
    }
    return { ...one, newest: Math.max(one.newest, other.newest), products };
  },
  less: (one, other) => {
    const products = new Map(one.products);
    for (const [product, sold] of other.products) {
      const before = products.get(product);
      if (before === undefined) throw new Error('a product that is not there');
      if (before.purchases === sold.purchases) products.delete(product);
      else products.set(product, less(before, sold));
    }
    return products.size === 0 ? undefined : { ...one, products };
  },
  bytes: ({ products }) => {
    let bytes = 500;
    for (const { customers } of products.values()) bytes += 300 + bytesOfCustomers(customers);
    return bytes;
  },
};

const nothing = () => ({ purchases: 0, units: 0, revenue_minor: 0, baskets_minor: 0, numbers: [] as number[] });

const counted = (groups: ReadonlyMap<string, Sums>): Map<string, FoldedProduct> =>
  new Map(
    Array.from(groups, ([product, { numbers, ...sums }]) => [
      product,
      { ...sums, customers: customersOfPurchases(numbers) },
    ]),
  );

const added = (one: FoldedProduct, other: FoldedProduct): FoldedProduct => ({
  purchases: one.purchases + other.purchases,
  units: one.units + other.units,
  revenue_minor: one.revenue_minor + other.revenue_minor,
  baskets_minor: one.baskets_minor + other.baskets_minor,
  customers: withPurchasers(one.customers, other.customers),
});

const less = (one: FoldedProduct, other: FoldedProduct): FoldedProduct => ({
  purchases: one.purchases - other.purchases,
  units: one.units - other.units,
  revenue_minor: one.revenue_minor - other.revenue_minor,
  baskets_minor: one.baskets_minor - other.baskets_minor,
  customers: withoutPurchasers(one.customers, other.customers),
});
