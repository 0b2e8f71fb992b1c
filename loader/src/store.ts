import type { PurchaseInput, PurchaseOutcome } from '@tillstream/pos-api/record-purchases';

/** A product as the system knows it. */
export interface KnownProduct {
  product_id: string;
  unit_price_minor: number;
}

/** What the loader asks of the system that purchases go into. */
export interface Store {
  /** Adds products, or changes those that differ. */
  upsertProducts(products: readonly { product_id: string; name: string; unit_price_minor: number }[]): Promise<unknown>;
  /** Adds branches, or changes those that differ. */
  upsertBranches(branches: readonly { branch_id: string; name: string; country: string }[]): Promise<unknown>;
  /** The shop's currency, ISO 4217. */
  currency(): Promise<string>;
  listProducts(): Promise<readonly KnownProduct[]>;
  listBranches(): Promise<readonly { branch_id: string }[]>;
  /** All of a batch or nothing; answers in its order. A purchase whose key is known is replayed, not recorded. */
  recordPurchases(batch: readonly PurchaseInput[]): Promise<PurchaseOutcome[]>;
  /** Whether an error may pass by itself, such as a lost connection, so that the same call may succeed later. */
  isPassing(error: unknown): boolean;
  /** Lets go of every connection. */
  close(): Promise<void>;
}
