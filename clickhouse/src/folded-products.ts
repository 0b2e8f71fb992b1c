import { bytesOfCustomers, type Customers, fewCustomers, united } from './customer-sets.ts';
import { isFirstPlace, soldIn } from './facts-beside.ts';
import type { FoldKind, HeldFold } from './fold.ts';

/** What one product sold in a month and a country. */
export interface FoldedProduct {
  /** The month's first business day, days since 1970-01-01. */
  month: number;
  country: string;
  product_id: string;
  purchases: number;
  units: number;
  revenue_minor: number;
  /** The total of the purchases it was in, minor units. */
  baskets_minor: number;
  /** Newest sale, ms since 1970. */
  newest: number;
  customers: Customers;
}

export type ProductsFold = HeldFold<FoldedProduct>;

/** What one of them is told from the others by. */
export const productKey = ({ month, country, product_id }: Pick<FoldedProduct, 'month' | 'country' | 'product_id'>) =>
  `${month} ${country} ${product_id}`;

type Group = Omit<FoldedProduct, 'customers'> & { numbers: Set<number> };

/** Products by month and country as they are held. */
export const PRODUCTS_HELD: FoldKind<FoldedProduct> = {
  ofFacts: (facts, { scope }) => {
    const groups = new Map<string, Group>();
    for (const { start: month, country, basket, total_minor, sold, customer_number } of soldIn(scope, facts)) {
      basket.forEach(([product_id, quantity, price], place) => {
        const of = { month, country, product_id };
        const group = groups.get(productKey(of)) ?? { ...of, ...nothing() };
        groups.set(productKey(of), group);
        group.units += quantity;
        group.revenue_minor += quantity * price;
        group.newest = Math.max(group.newest, sold);
        if (customer_number !== 0) group.numbers.add(customer_number);
        if (!isFirstPlace(basket, place)) return;
        group.purchases += 1;
        group.baskets_minor += total_minor;
      });
    }
    return new Map(
      [...groups].map(([key, { numbers, ...sums }]) => [key, { ...sums, customers: fewCustomers(numbers) }]),
    );
  },
  added: (one, other) => ({
    ...one,
    purchases: one.purchases + other.purchases,
    units: one.units + other.units,
    revenue_minor: one.revenue_minor + other.revenue_minor,
    baskets_minor: one.baskets_minor + other.baskets_minor,
    newest: Math.max(one.newest, other.newest),
    customers: united(one.customers, other.customers),
  }),
  bytes: ({ customers }) => 500 + bytesOfCustomers(customers),
};

const nothing = () => ({
  purchases: 0,
  units: 0,
  revenue_minor: 0,
  baskets_minor: 0,
  newest: 0,
  numbers: new Set<number>(),
});
