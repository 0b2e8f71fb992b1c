import { randomUUID } from 'node:crypto';

export const BRANCHES = ['SMKT001', 'SMKT002', 'SMKT003'];
export const PRODUCTS = ['milk', 'bread', 'eggs', 'butter', 'cheese'];
/** Customers of the benches; 9 of 10 purchases have one. */
export const CUSTOMERS = 2_000;

const customers = Array.from({ length: CUSTOMERS }, () => randomUUID());
const pick = <T>(values: readonly T[]): T | undefined => values[Math.floor(Math.random() * values.length)];

/** The body of `POST /v1/purchases`: one to five products, in any branch. */
export const randomPurchase = (): string => {
  const items = PRODUCTS.filter(() => Math.random() < 0.5);
  return JSON.stringify({
    branch_id: pick(BRANCHES),
    ...(Math.random() < 0.9 && { customer_id: pick(customers) }),
    items: (items.length > 0 ? items : ['milk']).map((product_id) => ({ product_id, quantity: 1 })),
  });
};
