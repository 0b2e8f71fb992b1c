import type { NewProduct } from '@tillstream/pos-api/catalog';
import type { PurchaseInput, PurchaseOutcome } from '@tillstream/pos-api/record-purchases';
import type { FileReturn, ReturnOutcome } from '@tillstream/pos-api/return-of-file';

/** A product as the system knows it. */
export interface KnownProduct {
  product_id: string;
  unit_price_minor: number;
  /** What a scanner reads; no two products have the same. */
  sku?: string | null | undefined;
}

type Products = readonly NewProduct[];
type Branches = readonly { branch_id: string; name: string; country: string }[];
/** What is to be added before purchases can be recorded. */
export interface Additions {
  products: Products;
  branches: Branches;
}
type Changed = Promise<{ changed: number }>;

/** What the loader asks of the system that purchases go into. */
export interface Store {
  /** Adds those that are new, at a price that they have always had; the others stay as they are. */
  addProducts(products: Products): Changed;
  addBranches(branches: Branches): Changed;
  /** Adds what is new and changes what differs; prices from now on. */
  upsertProducts(products: Products): Changed;
  upsertBranches(branches: Branches): Changed;
  /** The shop's currency, ISO 4217. */
  currency(): Promise<string>;
  listProducts(): Promise<readonly KnownProduct[]>;
  listBranches(): Promise<readonly { branch_id: string }[]>;
  /** All of a batch or nothing; answers in its order. A purchase whose key is known is replayed, not recorded. */
  recordPurchases(batch: readonly PurchaseInput[]): Promise<PurchaseOutcome[]>;
  /** What {@link recordPurchases} would answer if these products and branches were there; changes nothing. */
  tryPurchases(batch: readonly PurchaseInput[], additions: Additions): Promise<PurchaseOutcome[]>;
  /** Finds the purchases that a return is of and records it, all of it or nothing. One whose key is known is replayed. */
  recordReturn(given: FileReturn): Promise<ReturnOutcome>;
  /** What {@link recordReturn} would answer of the last of these if all of this had been recorded in this order; changes nothing. */
  tryReturns(
    returns: readonly FileReturn[],
    sales: readonly PurchaseInput[],
    additions: Additions,
  ): Promise<ReturnOutcome>;
  /** Keeps what else a row said of its purchase, by column; what is there already stays. */
  keepColumns(rows: readonly { purchase_id: string; columns: Record<string, string> }[]): Promise<void>;
  /** When a file was loaded whole, by the SHA-256 of its content (hex), and its rows; undefined when it was not. */
  loadedFile(sha256: string): Promise<{ loaded_at: Date; row_count: number } | undefined>;
  /** Notes that every row of a file is recorded. */
  noteLoaded(sha256: string, name: string, rows: number): Promise<void>;
  /** Whether an error may pass by itself, such as a lost connection, so that the same call may succeed later. */
  isPassing(error: unknown): boolean;
  /** Lets go of every connection. */
  close(): Promise<void>;
}
