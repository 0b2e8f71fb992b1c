import type { NewProduct } from '@tillstream/pos-api/catalog';
import type { PurchaseInput, PurchaseOutcome } from '@tillstream/pos-api/record-purchases';
import type { FileReturn } from '@tillstream/pos-api/return-of-file';
import type { Store } from './store.ts';

/** What passes by itself, as a lost connection does. */
export class PassingError extends Error {}

/** Puts entries into a map, over what is there or only beside it; answers how many are new or differ. */
const put = async <Entry>(
  into: Map<string, Entry>,
  entries: readonly Entry[],
  id: (entry: Entry) => string,
  over: boolean,
) => {
  let changed = 0;
  for (const entry of entries) {
    const known = into.get(id(entry));
    if (known !== undefined && (!over || JSON.stringify(known) === JSON.stringify(entry))) continue;
    into.set(id(entry), entry);
    changed++;
  }
  return { changed };
};

/** The system in memory, for tests: as strict as Postgres about keys and sums, and it breaks when told to. */
export const fakeStore = (currency = 'EUR', maxQuantity = 0) => {
  const products = new Map<string, NewProduct>();
  const branches = new Map<string, { branch_id: string; name: string; country: string }>();
  const kept = new Map<string, Record<string, string>>();
  const files = new Map<string, { loaded_at: Date; row_count: number }>();
  const purchases = new Map<string, PurchaseInput>();
  /** Returns as they came: which purchase they are of is left to Postgres. */
  const returns: FileReturn[] = [];
  const batches: number[] = [];
  /** Called before a batch is recorded and after; what it throws is the batch's failure. */
  const hooks: { before?: () => void | Promise<void>; after?: () => void } = {};

  /** What a purchase comes to; NaN when it cannot be sold so. */
  const totalOf = ({
    items,
    quantities,
    unit_prices_minor,
    any_price,
    discounts_minor,
    discount_minor = 0,
  }: PurchaseInput) =>
    items.reduce((total, id, line) => {
      const product = products.get(id);
      const said = unit_prices_minor?.[line] ?? product?.unit_price_minor;
      const mayBe = any_price || product?.open_price || said === product?.unit_price_minor;
      const price = product === undefined || said === undefined || !mayBe ? Number.NaN : said;
      return total + Math.round(Number(quantities?.[line] ?? 1) * price) - (discounts_minor?.[line] ?? 0);
    }, -discount_minor);

  const answer = (given: PurchaseInput, known: PurchaseInput | undefined): PurchaseOutcome => {
    if (known?.fingerprint === given.fingerprint) return { outcome: 'replayed', purchase_id: given.idempotency_key };
    if (known !== undefined) return { outcome: 'conflict' };
    if (totalOf(given) !== given.expected_total_minor) {
      return { outcome: 'refused', faults: [{ pointer: '#/total_minor', detail: 'is not the sum' }] };
    }
    if (maxQuantity > 0) {
      const line = given.items.findIndex((_, at) => Number(given.quantities?.[at] ?? 1) > maxQuantity);
      const detail = `a purchase holds at most ${maxQuantity} of each product (MAX_QUANTITY_PER_PRODUCT)`;
      if (line >= 0) return { outcome: 'refused', faults: [{ pointer: `#/items/${line}/quantity`, detail }] };
    }
    return { outcome: 'recorded', purchase_id: given.idempotency_key };
  };
  const record = (given: PurchaseInput): PurchaseOutcome => {
    const answered = answer(given, purchases.get(given.idempotency_key));
    if (answered.outcome === 'recorded') purchases.set(given.idempotency_key, given);
    return answered;
  };

  const store: Store = {
    addProducts: async (given) => put(products, given, ({ product_id }) => product_id, false),
    addBranches: async (given) => put(branches, given, ({ branch_id }) => branch_id, false),
    upsertProducts: async (given) => put(products, given, ({ product_id }) => product_id, true),
    upsertBranches: async (given) => put(branches, given, ({ branch_id }) => branch_id, true),
    currency: async () => currency,
    listProducts: async () => [...products.values()],
    listBranches: async () => [...branches.values()],
    recordPurchases: async (batch) => {
      await hooks.before?.();
      batches.push(batch.length);
      const answers = batch.map(record);
      hooks.after?.();
      return answers;
    },
    tryPurchases: async (batch, additions) => {
      const before = [products, branches, purchases].map((map) => new Map<string, never>(map as Map<string, never>));
      // Nothing is awaited in between: calls run side by side.
      void put(products, additions.products, ({ product_id }) => product_id, false);
      void put(branches, additions.branches, ({ branch_id }) => branch_id, false);
      const answers = batch.map(record);
      for (const [index, map] of [products, branches, purchases].entries()) {
        map.clear();
        for (const [key, value] of before[index] ?? []) map.set(key, value);
      }
      return answers;
    },
    recordReturn: async (given) => {
      returns.push(given);
      return { outcome: 'recorded', total_minor: given.expected_total_minor };
    },
    tryReturns: async () => ({ outcome: 'recorded', total_minor: 0 }),
    keepColumns: async (rows) => rows.forEach(({ purchase_id, columns }) => void kept.set(purchase_id, columns)),
    loadedFile: async (sha256) => files.get(sha256),
    noteLoaded: async (sha256, _, row_count) => void files.set(sha256, { loaded_at: new Date(), row_count }),
    isPassing: (error) => error instanceof PassingError,
    close: async () => {},
  };
  return { store, products, branches, purchases, returns, kept, batches, hooks };
};
