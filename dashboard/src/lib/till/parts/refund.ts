import type { storedPurchaseResponse } from '@tillstream/schemas/api';
import type { z } from 'zod';
import { refundOf } from '../basket/amounts.ts';

export type StoredPurchase = z.output<typeof storedPurchaseResponse>;

/** What was given back, as it is printed. */
export interface Refund {
  branch: string;
  receipt_number: string;
  returned_at: string;
  cashier: string;
  lines: { name: string; quantity: string; total_minor: number }[];
  total_minor: number;
}

/** A product of a purchase: how much was bought and came back before (thousandths), and what was paid for all of it. */
export interface Returnable {
  product_id: string;
  bought: number;
  before: number;
  paid_minor: number;
}

const thousandths = (quantity: number): number => Math.round(quantity * 1000);

/** The products of a purchase, each once, as returns count them. */
export const returnables = ({ items, returns }: StoredPurchase): Returnable[] => {
  const found = new Map<string, Returnable>();
  for (const { product_id, quantity, net_minor } of items) {
    const known = found.get(product_id) ?? { product_id, bought: 0, before: 0, paid_minor: 0 };
    known.bought += thousandths(quantity);
    known.paid_minor += net_minor;
    found.set(product_id, known);
  }
  for (const { product_id, quantity } of returns.flatMap((earlier) => earlier.items)) {
    const known = found.get(product_id);
    if (known) known.before += thousandths(quantity);
  }
  return [...found.values()];
};

/** What goes back for so much of each product. */
export const givenBack = (products: readonly Returnable[], quantities: ReadonlyMap<string, number>): number =>
  products.reduce(
    (sum, { product_id, paid_minor, bought, before }) =>
      sum + refundOf(paid_minor, bought, before, quantities.get(product_id) ?? 0),
    0,
  );
